//! The English words.

use super::Words;
use crate::DiagnosisCode as Code;

pub(super) const fn words(code: Code) -> Words {
    match code {
        Code::PortBusy => Words {
            what: "The port is in use.",
            why: "Another program holds the port open.",
            remedy: "Close the other program, or wait until it is done, and try again.",
        },
        Code::PortGone => Words {
            what: "The port went away.",
            why: "The adapter or the unit was unplugged, or its cable has a bad contact.",
            remedy: "Plug the unit in again; if it happens on this slot again, change the cable.",
        },
        Code::PortUnusable => Words {
            what: "The port cannot be used.",
            why: "The path is no serial port, or this user may not open it.",
            remedy: "Check the slot's port in the configuration, and that the user is in the group that owns the port.",
        },
        Code::FixtureFailed => Words {
            what: "The fixture did not reset the unit.",
            why: "The fixture's control channel did not answer or refused the command.",
            remedy: "Check the fixture's power and its control connection.",
        },
        Code::NoAnswer => Words {
            what: "The unit does not answer.",
            why: "The chip's loader sent nothing back: no power, not in download mode, or TX and RX do not make contact.",
            remedy: "Seat the unit again and check the pogo pins; then try another unit on this slot.",
        },
        Code::LinkGarbled => Words {
            what: "The unit's answers arrive damaged.",
            why: "Bytes were lost or changed between the unit and the station.",
            remedy: "Check cable and ground; choose a lower baud rate in the recipe.",
        },
        Code::LoaderRejected => Words {
            what: "The chip's loader refused a command.",
            why: "The loader answered with an error.",
            remedy: "Try again; if it stays, put the unit aside for repair.",
        },
        Code::WrongChip => Words {
            what: "This is another chip than the recipe is for.",
            why: "The images of this recipe do not run on it.",
            remedy: "Check that the right product is on the line, or choose the recipe for this chip.",
        },
        Code::RevisionTooOld => Words {
            what: "The chip's revision is too old for this recipe.",
            why: "The images need a newer silicon revision.",
            remedy: "Put the unit aside; tell the line engineer which batch of modules it came from.",
        },
        Code::WrongFlashSize => Words {
            what: "The flash has another size than the recipe asks for.",
            why: "Another flash chip was mounted, or it does not answer correctly.",
            remedy: "Put the unit aside; tell the line engineer which batch of modules it came from.",
        },
        Code::SecurityEnabled => Words {
            what: "Secure boot, flash encryption or secure download is already on.",
            why: "The eFuses of this unit were burned before, so the recipe's plain images cannot run or be checked on it.",
            remedy: "Put the unit aside; it cannot be made blank again.",
        },
        Code::OtherUnit => Words {
            what: "Another unit answers than the one this run began with.",
            why: "The MAC that was read after the reconnect differs.",
            remedy: "Do not swap units during a run; start again with this unit.",
        },
        Code::AttemptsUsedUp => Words {
            what: "This unit has used up its attempts.",
            why: "The recipe limits the runs of one unit.",
            remedy: "Put the unit into rework.",
        },
        Code::PassedBefore => Words {
            what: "This unit has passed before.",
            why: "A unit with the same MAC is on record as passed; running it again would make its credentials invalid.",
            remedy: "If it should run again, allow it in the recipe (repeat_passed); else put it with the finished ones.",
        },
        Code::InWorkElsewhere => Words {
            what: "This unit is in work on another slot.",
            why: "Two slots read the same MAC: a cloned module, or one cable in two slots.",
            remedy: "Put one of the two units aside and tell the line engineer.",
        },
        Code::QuotaReached => Words {
            what: "The batch's quota is used up.",
            why: "As many units as ordered have been issued credentials.",
            remedy: "Close the batch, or raise its quantity.",
        },
        Code::FlashVerifyFailed => Words {
            what: "The flash does not hold what was written.",
            why: "The chip's own MD5 of a region differs from the image's: bad flash, or damage on the wire.",
            remedy: "Try again once; if it stays, the flash chip is bad: put the unit into rework.",
        },
        Code::BootSilent => Words {
            what: "The unit prints nothing after reset.",
            why: "It did not start, its TX line makes no contact, or it does not log at 115200 baud.",
            remedy: "Seat the unit again and check its TX pin.",
        },
        Code::BootImageInvalid => Words {
            what: "The boot loader refuses the image in flash.",
            why: "What stands in flash is damaged or is no image for this chip.",
            remedy: "Run the unit again; if it stays, put it into rework.",
        },
        Code::BootAppMissing => Words {
            what: "The app did not start.",
            why: "The unit printed something after reset, but the boot loader never loaded an app.",
            remedy: "Look at the unit's log in its record; check that the recipe's images belong together.",
        },
        Code::DownloadMode => Words {
            what: "The unit waits for a download instead of running.",
            why: "Its boot strap is held low after the reset.",
            remedy: "Check the fixture's boot pin.",
        },
        Code::BootLoop => Words {
            what: "The unit keeps restarting.",
            why: "The app panicked or the unit reset by itself.",
            remedy: "Look at the panic in the unit's log; check its supply; put the unit into rework.",
        },
        Code::AppSilent => Words {
            what: "The app started and then said nothing.",
            why: "The app was loaded, but it printed no line of the device contract in time.",
            remedy: "Check that the recipe's app is the right firmware; else put the unit into rework.",
        },
        Code::NetworkFailed => Words {
            what: "The unit gets no network.",
            why: "It could not join the Wi-Fi network, or got no address.",
            remedy: "Check the access point and the recipe's Wi-Fi name and password; then the unit's antenna.",
        },
        Code::ProvisionImpossible => Words {
            what: "The unit has neither an auth code nor a complete session.",
            why: "Its firmware does not read what the line wrote into NVS.",
            remedy: "Check namespace and keys in the recipe against the firmware.",
        },
        Code::ProvisionRefused => Words {
            what: "The provisioning server refused the unit.",
            why: "The code was unknown, used, or bound to another unit, or the request was malformed.",
            remedy: "Run the unit again with a fresh code; if it stays, check the recipe's workspace.",
        },
        Code::ProvisionTransport => Words {
            what: "The unit could not reach the provisioning server.",
            why: "The connection failed below HTTP: address, firewall, TLS trust, name or dates.",
            remedy: "Check that the unit's network reaches the station, and that the recipe's URL and CA are those of this station.",
        },
        Code::ProvisionUnreadable => Words {
            what: "The unit could not read the provisioning answer.",
            why: "The answer was cut or not the expected JSON.",
            remedy: "Check that the configured service is a compatible one.",
        },
        Code::ProvisionTimedOut => Words {
            what: "The unit did not provision in time.",
            why: "The app runs, but no provisioning request arrived and succeeded.",
            remedy: "Look at the unit's log in its record; check its network.",
        },
        Code::ProvisionUnexpected => Words {
            what: "The unit did not do what its injection asks for.",
            why: "A unit with a session provisioned anyway, skipped although it has a code, or names another user.",
            remedy: "Check that recipe and firmware belong together.",
        },
        Code::MqttRefused => Words {
            what: "The broker refused the unit's login.",
            why: "User name, password, client id or certificate in NVS are not what the broker expects.",
            remedy: "Provision the unit again, or erase its NVS and run it again.",
        },
        Code::TopicDenied => Words {
            what: "The unit used a topic that it may not use.",
            why: "Its topics or filters do not match the access list, such as `commands` instead of `cmd/#`.",
            remedy: "Use firmware whose topics match the access list.",
        },
        Code::MqttTransport => Words {
            what: "The unit could not reach the broker.",
            why: "The connection failed below MQTT: address, firewall, TLS trust, name or dates.",
            remedy: "Check that the unit's network reaches the broker, and the CA in the recipe.",
        },
        Code::MqttDropped => Words {
            what: "The unit connected and lost the connection again.",
            why: "The connection ended before the unit proved that it works.",
            remedy: "Look at the reason in the record; check supply and network of the unit.",
        },
        Code::MqttTimedOut => Words {
            what: "The unit did not prove its MQTT connection in time.",
            why: "One of connect, subscriptions, presence or the answer to the ping is missing.",
            remedy: "Look at the record to see what is missing; check the firmware.",
        },
        Code::CertificateMissing => Words {
            what: "The unit did not show its own client certificate.",
            why: "The recipe asks for one, and the connection came without it or with another.",
            remedy: "Check that the firmware stores and presents the certificate.",
        },
        Code::WrongFirmware => Words {
            what: "Another firmware runs than the one that was flashed.",
            why: "Version or app hash in the unit's answer differ from the image of the recipe.",
            remedy: "Check for a second app partition or an update right after provisioning.",
        },
        Code::OtaFailed => Words {
            what: "The unit's firmware update failed.",
            why: "The unit was offered firmware after provisioning and could not apply it.",
            remedy: "Check the update's URL and hash; or switch updates off in the recipe.",
        },
        Code::FlashChanged => Words {
            what: "The flash no longer holds what was written.",
            why: "A region's MD5 at the end differs from the one after writing.",
            remedy: "Put the unit into rework; if many units show it, the firmware writes where it must not.",
        },
        Code::NvsUnreadable => Words {
            what: "The session in flash cannot be read.",
            why: "The NVS partition holds no readable session after provisioning.",
            remedy: "Erase the unit's NVS and run it again; if it stays, put it into rework.",
        },
        Code::SessionMismatch => Words {
            what: "The session in flash is not the one on record.",
            why: "The unit stored other credentials than it was issued.",
            remedy: "Erase the unit's NVS and run it again.",
        },
        Code::CodeLeftBehind => Words {
            what: "The factory auth code is still in the unit's flash.",
            why: "The firmware did not erase the code after provisioning.",
            remedy: "Use firmware that erases its code, or allow it in the recipe (keep_auth_code).",
        },
        Code::UnitFloods => Words {
            what: "The unit sends without end.",
            why: "It reported more than any healthy unit does.",
            remedy: "Take the unit off the slot and put it into rework; check its firmware.",
        },
        Code::StepTimedOut => Words {
            what: "A step did not finish in time.",
            why: "The station gave up waiting.",
            remedy: "Run the unit again; if it stays, check the slot.",
        },
        Code::Interrupted => Words {
            what: "The station stopped while the unit was in work.",
            why: "Power, a crash or a restart of the station ended the run before its verdict.",
            remedy: "Run the unit again; its old code has been made unusable.",
        },
        Code::Cancelled => Words {
            what: "The run was stopped by a person.",
            why: "Someone ended the batch while the unit was in work.",
            remedy: "Run the unit again; its old code has been made unusable.",
        },
        _ => Words { what: "", why: "", remedy: "" },
    }
}
