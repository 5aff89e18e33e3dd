//! Who has a mail does not get it again because of somebody else, against a server that refuses one
//! recipient for good and never answers for another.

use super::{Channel, Email, is_of_the_day};
use crate::channels::{
    Way,
    about::{About, Alarm},
};
use config::{EmailTls, Shows};
use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// After how long an attempt is cut off.
const CUT_OFF: Duration = Duration::from_millis(1_500);

/// Answers one connection; notes to whom a mail was taken.
async fn serve(stream: TcpStream, taken: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 fake\r\n").await?;
    let (mut to, mut data) = (Vec::new(), false);
    while let Some(line) = lines.next_line().await? {
        let answer = match line.split([' ', ':']).next().unwrap_or_default() {
            "." => {
                data = false;
                taken.lock().unwrap().append(&mut to);
                "250 taken"
            }
            _ if data => continue,
            "RCPT" if line.contains("b@") => "550 5.4.1 Recipient address rejected",
            // It never answers.
            "RCPT" if line.contains("c@") => continue,
            "RCPT" => {
                to.push(line.clone());
                "250 ok"
            }
            "DATA" => {
                data = true;
                "354 go on"
            }
            "QUIT" => return write.write_all(b"221 bye\r\n").await,
            _ => "250 ok",
        };
        write.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}

#[tokio::test]
async fn nobody_gets_a_mail_again_because_of_somebody_else() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let taken = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&taken);
    let server = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let seen = Arc::clone(&seen);
            tokio::spawn(async move { drop(serve(stream, &seen).await) });
        }
    });
    let settings = config::Email {
        host: "127.0.0.1".into(),
        port,
        tls: EmailTls::Disable,
        ca: None,
        user: None,
        from: "weir@example.org".into(),
        to: ["a@example.org", "b@example.org", "c@example.org"].map(Into::into).to_vec(),
    };
    let email = Email::new(&settings).unwrap();
    let channel = Channel {
        name: "mail".into(),
        groups: Vec::new(),
        shows: Shows::Nothing,
        api: None,
        way: Way::Email(Box::new(Email::new(&settings).unwrap())),
    };
    let about = About::Alarm(Alarm {
        name: "alarm-1".into(),
        identity: "eve".into(),
        by: "canary".into(),
        at: SystemTime::now(),
    });
    for _ in 0..2 {
        let telling = email.tell(&channel, &about, 1);
        assert!(tokio::time::timeout(CUT_OFF, telling).await.is_err(), "c does not answer");
    }
    assert_eq!(*taken.lock().unwrap(), ["RCPT TO:<a@example.org>"]);
    server.abort();
}

#[test]
fn codes_that_speak_of_the_day_are_told_from_those_of_the_mail() {
    for answer in ["5.3.2 not now", "5.4.4 no way there", "5.3.1"] {
        assert!(is_of_the_day(answer), "{answer}");
    }
    for answer in [
        "5.4.1 Recipient address rejected: Access denied",
        "5.3.4 message too big",
        "5.1.1 no such mailbox; from 10.15.3.2",
        "10.5.3.2 is not welcome",
        "no such user 5.3.0",
        "",
    ] {
        assert!(!is_of_the_day(answer), "{answer}");
    }
}
