//! `weir identity totp …` on the command line.

use clap::Subcommand;

/// `weir identity totp …`
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  weir identity totp enrol alice
  weir identity totp codes alice
  weir identity totp remove alice

The password alone is not enough then: the API and the console ask for a code, too, and databases
take a token in the password's place (weir login URL --local). What was signed in before ends.")]
pub(crate) enum TotpCommand {
    /// Give a person a second factor: what an authenticator has to know is shown once, as a
    /// picture and a link, and so are codes for when the device is gone.
    Enrol {
        /// The person.
        name: String,
        /// As JSON: the link, the secret and the codes.
        #[arg(long)]
        json: bool,
    },
    /// Other codes for when the device is gone; those before count no more.
    Codes {
        /// The person.
        name: String,
        /// As JSON: an array.
        #[arg(long)]
        json: bool,
    },
    /// Take it away: the password is enough then.
    Remove {
        /// The person.
        name: String,
    },
}
