//! The untagged packets before the start-up packet, and the step into TLS. Knows no identity.
//!
//! Nothing is ever read beyond the packet at hand here, so that no byte that came in the clear can
//! be taken for one that came encrypted (CVE-2021-23214).

use super::{Reason, talk::broken};
use net::{
    Stream,
    tls::{self, ServerTls},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use wire_pg::handshake::{self, First, TLS_HANDSHAKE};

/// What the client wants, after encryption was settled.
pub(super) enum Opened {
    /// A session: the whole start-up packet, known to be well formed.
    Startup(Vec<u8>),
    /// The cancellation of another session's statement.
    Cancel { process_id: u32, key: Vec<u8> },
    /// A session in a protocol that is not spoken here.
    Unsupported { major: u16, minor: u16 },
}

/// A stream that is encrypted if the client wanted it so, the hash of the certificate it was
/// shown, and what it wants.
type Open = (Stream, Option<Vec<u8>>, Opened);

/// Settles encryption and reads the start-up packet.
pub(super) async fn open(mut tcp: TcpStream, server: Option<&ServerTls>) -> Result<Open, Reason> {
    if first_byte(&tcp).await? == TLS_HANDSHAKE {
        let server = server.ok_or(Reason::NoTls)?;
        return encrypted(tcp, server, true).await;
    }
    // Each kind of encryption may be asked for once, as in PostgreSQL.
    let (mut tls_asked, mut gss_asked) = (false, false);
    loop {
        let packet = read_packet(&mut tcp).await?;
        match parse(&packet)? {
            First::SslRequest if !tls_asked => {
                tls_asked = true;
                refuse_early(&tcp)?;
                if let Some(server) = server {
                    tcp.write_all(b"S").await.map_err(broken)?;
                    return encrypted(tcp, server, false).await;
                }
                tcp.write_all(b"N").await.map_err(broken)?;
            }
            First::GssEncRequest if !gss_asked => {
                gss_asked = true;
                refuse_early(&tcp)?;
                tcp.write_all(b"N").await.map_err(broken)?;
            }
            other => {
                let opened = settled(other, &packet)?;
                return Ok((Stream::Tcp(tcp), None, opened));
            }
        }
    }
}

/// The handshake, and the start-up packet inside.
async fn encrypted(tcp: TcpStream, server: &ServerTls, direct: bool) -> Result<Open, Reason> {
    let (mut stream, end_point) = tls::accept(tcp, server).await.map_err(Reason::Tls)?;
    if direct && stream.alpn() != Some(tls::ALPN_POSTGRESQL) {
        return Err(Reason::NoAlpn);
    }
    let packet = read_packet(&mut stream).await?;
    let opened = settled(parse(&packet)?, &packet)?;
    Ok((stream, end_point, opened))
}

/// What a packet asks for once encryption is no longer a question.
fn settled(first: First<'_>, packet: &[u8]) -> Result<Opened, Reason> {
    match first {
        First::Startup(_) => Ok(Opened::Startup(packet.to_vec())),
        First::Cancel { process_id, key } => Ok(Opened::Cancel { process_id, key: key.to_vec() }),
        First::Unsupported { major, minor } => Ok(Opened::Unsupported { major, minor }),
        First::SslRequest | First::GssEncRequest | First::DirectTls => Err(Reason::Encryption),
    }
}

/// The first byte, left where it is.
async fn first_byte(tcp: &TcpStream) -> Result<u8, Reason> {
    let mut byte = [0_u8; 1];
    match tcp.peek(&mut byte).await.map_err(broken)? {
        0 => Err(Reason::Gone),
        _ => Ok(u8::from_be_bytes(byte)),
    }
}

/// Exactly one packet: its length, then as many bytes.
async fn read_packet(stream: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>, Reason> {
    let mut length = [0_u8; 4];
    stream.read_exact(&mut length).await.map_err(broken)?;
    // Judged before a byte of it is made room for; TLS inside TLS is caught here too.
    if handshake::parse(&length).map_err(Reason::NotTheProtocol)?.is_some() {
        return Err(Reason::Encryption);
    }
    let total = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    let mut packet = length.to_vec();
    let rest = u64::try_from(total.saturating_sub(packet.len())).unwrap_or(u64::MAX);
    let read = stream.take(rest).read_to_end(&mut packet).await.map_err(broken)?;
    if u64::try_from(read) == Ok(rest) { Ok(packet) } else { Err(Reason::Gone) }
}

fn parse(packet: &[u8]) -> Result<First<'_>, Reason> {
    match handshake::parse(packet) {
        Ok(Some((first, _))) => Ok(first),
        // The length was met, so the packet is complete.
        Ok(None) => Err(Reason::Gone),
        Err(error) => Err(Reason::NotTheProtocol(error)),
    }
}

/// A client has to wait for the answer to its request; one that did not is attacked or broken.
fn refuse_early(tcp: &TcpStream) -> Result<(), Reason> {
    let mut byte = [0_u8; 1];
    match tcp.try_read(&mut byte) {
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Ok(()),
        Err(error) => Err(broken(error)),
        Ok(0) => Err(Reason::Gone),
        Ok(_) => Err(Reason::EarlyBytes),
    }
}
