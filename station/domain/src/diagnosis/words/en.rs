//! The English words.

use super::{Words, entry};
use crate::{
    DiagnosisCode as Code, NextAction,
    diagnosis::{Owner, Phase, line::Expected},
};

pub(super) const fn words(code: Code) -> Words {
    match code {
        Code::PortBusy => entry(
            "The port is in use.",
            "Another program holds the port open.",
            "Close the other program, or wait until it is done, and try again.",
        ),
        Code::PortGone => entry(
            "The port went away.",
            "The adapter or the unit was unplugged, or its cable has a bad contact.",
            "Plug the unit in again; if it happens on this slot again, change the cable.",
        ),
        Code::PortUnusable => entry(
            "The port cannot be used.",
            "The path is no serial port, or this user may not open it.",
            "Check the slot's port in the configuration, and that the user is in the group that owns the port.",
        ),
        Code::FixtureFailed => entry(
            "The fixture did not reset the unit.",
            "The fixture's control channel did not answer or refused the command.",
            "Check the fixture's power and its control connection.",
        ),
        Code::NoAnswer => entry(
            "The unit does not answer.",
            "The chip's loader sent nothing back: no power, not in download mode, or TX and RX do not make contact.",
            "Seat the unit again and check the pogo pins; then try another unit on this slot.",
        ),
        Code::LinkGarbled => entry(
            "The unit's answers arrive damaged.",
            "Bytes were lost or changed between the unit and the station, at every baud rate that was tried.",
            "Check cable and ground; then try another unit on this slot.",
        ),
        Code::LoaderRejected => entry(
            "The chip's loader refused a command.",
            "The loader answered with an error.",
            "Try again; if it stays, put the unit aside for repair.",
        ),
        Code::WrongChip => entry(
            "This is another chip than the recipe is for.",
            "The images of this recipe do not run on it.",
            "Check that the right product is on the line, or choose the recipe for this chip.",
        ),
        Code::RevisionTooOld => entry(
            "The chip's revision is too old for this recipe.",
            "The images need a newer silicon revision.",
            "Put the unit aside; tell the line engineer which batch of modules it came from.",
        ),
        Code::WrongFlashSize => entry(
            "The flash has another size than the recipe asks for.",
            "Another flash chip was mounted, or it does not answer correctly.",
            "Put the unit aside; tell the line engineer which batch of modules it came from.",
        ),
        Code::SecurityEnabled => entry(
            "Secure boot, flash encryption or secure download is already on.",
            "The eFuses of this unit were burned before, so the recipe's plain images cannot run or be checked on it.",
            "Put the unit aside; it cannot be made blank again.",
        ),
        Code::OtherUnit => entry(
            "Another unit answers than the one this run began with.",
            "The MAC that was read after the reconnect differs.",
            "Do not swap units during a run; start again with this unit.",
        ),
        Code::AttemptsUsedUp => entry(
            "This unit has used up its attempts.",
            "The recipe limits the runs of one unit.",
            "Put the unit into rework.",
        ),
        Code::PassedBefore => entry(
            "This unit has passed before.",
            "A unit with the same MAC is on record as passed; running it again would make its credentials invalid.",
            "Put it with the finished ones; if it should run again, say so in the recipe (known_unit).",
        ),
        Code::InWorkElsewhere => entry(
            "This unit is in work on another slot.",
            "Two slots read the same MAC: a cloned module, or one cable in two slots.",
            "Put one of the two units aside and tell the line engineer.",
        ),
        Code::QuotaReached => entry(
            "The batch's quota is used up.",
            "As many units have a place in the batch as it allows; a unit in quarantine keeps its place.",
            "Scrap units that will not be delivered, raise quantity or quota with `station batch change`, or close the batch.",
        ),
        Code::FlashVerifyFailed => entry(
            "The flash does not hold what was written.",
            "The chip's own MD5 of a region differs from the image's: bad flash, or damage on the wire.",
            "Try again once; if it stays, the flash chip is bad: put the unit into rework.",
        ),
        Code::BootSilent => entry(
            "The unit prints nothing after reset.",
            "It did not start, its TX line makes no contact, or it does not log at 115200 baud.",
            "Seat the unit again and check its TX pin.",
        ),
        Code::BootImageInvalid => entry(
            "The boot loader refuses the image in flash.",
            "What stands in flash is damaged or is no image for this chip.",
            "Run the unit again; if it stays, put it into rework.",
        ),
        Code::BootAppMissing => entry(
            "The app did not start.",
            "The unit printed something after reset, but the boot loader never loaded an app.",
            "Look at the unit's log in its record; check that the recipe's images belong together.",
        ),
        Code::DownloadMode => entry(
            "The unit waits for a download instead of running.",
            "Its boot strap is held low after the reset.",
            "Check the fixture's boot pin.",
        ),
        Code::BootLoop => entry(
            "The unit keeps restarting.",
            "The app panicked or the unit reset by itself.",
            "Put the unit into rework; the line engineer looks up the panic and its back trace in the unit's log.",
        ),
        Code::AppSilent => entry(
            "The app started and then said nothing.",
            "The app was loaded, but it printed no line of the device contract in time.",
            "Check that the recipe's app is the right firmware; else put the unit into rework.",
        ),
        Code::UartNoise => entry(
            "The unit's log is noise.",
            "Bytes arrived on the UART, and none of them are readable: ground, the contact of TX, or the baud rate.",
            "Check the ground and TX pins of this slot, and that the app logs at 115200 baud; then try another unit.",
        ),
        Code::AppHung => entry(
            "A task of the app hangs.",
            "The task watchdog was triggered: a task kept the processor, or waits for ever.",
            "Look at the tasks that the log names below this line; use firmware in which they yield.",
        ),
        Code::NetworkFailed => entry(
            "The unit gets no network.",
            "It lost its network or never got one, and its log does not tell why.",
            "Check the access point and the recipe's Wi-Fi name and password; then the unit's antenna.",
        ),
        Code::ProvisionImpossible => entry(
            "The unit has neither an auth code nor a complete session.",
            "Its firmware does not read what the line wrote into NVS.",
            "Check namespace and keys in the recipe against the firmware.",
        ),
        Code::ProvisionRefused => entry(
            "The provisioning server refused the unit.",
            "The code was unknown, used, or bound to another unit, or the request was malformed.",
            "Run the unit again with a fresh code; if it stays, check the recipe's workspace.",
        ),
        Code::ProvisionTransport => entry(
            "The unit could not reach the provisioning server.",
            "The connection was refused, or nobody answered in time.",
            "Check that the unit's network reaches the station: address, port and firewall.",
        ),
        Code::ProvisionUnreadable => entry(
            "The unit could not read the provisioning answer.",
            "The answer was cut or not the expected JSON.",
            "Check that the configured service is a compatible one.",
        ),
        Code::ProvisionTimedOut => entry(
            "The unit did not provision in time.",
            "The app runs, but no provisioning request arrived and succeeded.",
            "Look at the unit's log in its record; check its network.",
        ),
        Code::ProvisionUnexpected => entry(
            "The unit did not do what its injection asks for.",
            "A unit with a session provisioned anyway, skipped although it has a code, or names another user.",
            "Check that recipe and firmware belong together.",
        ),
        Code::MqttRefused => entry(
            "The broker refused the unit's login.",
            "User name, password, client id or certificate in NVS are not what the broker expects, for example after a reset in the console.",
            "Provision the unit again with a code (`station units reprovision`), or erase its NVS and run it again.",
        ),
        Code::TopicDenied => entry(
            "The unit used a topic that it may not use.",
            "Its topics or filters do not match the access list, such as `commands` instead of `cmd/#`.",
            "Use firmware whose topics match the access list.",
        ),
        Code::MqttTransport => entry(
            "The unit could not reach the broker.",
            "The connection was refused, or nobody answered in time.",
            "Check that the unit's network reaches the broker: address, port and firewall.",
        ),
        Code::MqttDropped => entry(
            "The unit connected and lost the connection again.",
            "The connection ended before the unit proved that it works.",
            "Look at the reason in the record; check supply and network of the unit.",
        ),
        Code::MqttTimedOut => entry(
            "The unit did not log in to the broker in time.",
            "It was provisioned, and then no login arrived.",
            "Look at the unit's log in its record; check the firmware.",
        ),
        Code::CertificateMissing => entry(
            "The unit did not show its own client certificate.",
            "The recipe asks for one, and the connection came without it or with another.",
            "Check that the firmware stores and presents the certificate.",
        ),
        Code::WrongFirmware => entry(
            "Another firmware runs than the one that was flashed.",
            "Version or app hash in the unit's answer differ from the image of the recipe.",
            "Check for a second app partition or an update right after provisioning.",
        ),
        Code::OtaFailed => entry(
            "The unit's firmware update failed.",
            "The unit was offered firmware after provisioning and could not apply it.",
            "Check the update's URL and hash; or switch updates off in the recipe.",
        ),
        Code::FlashChanged => entry(
            "The flash no longer holds what was written.",
            "A region's MD5 at the end differs from the one after writing.",
            "Put the unit into rework; if many units show it, the firmware writes where it must not.",
        ),
        Code::NvsUnreadable => entry(
            "The session in flash cannot be read.",
            "The NVS partition holds no readable session after provisioning.",
            "Erase the unit's NVS and run it again; if it stays, put it into rework.",
        ),
        Code::SessionMismatch => entry(
            "The session in flash is not the one on record.",
            "The unit stored other credentials than it was issued.",
            "Erase the unit's NVS and run it again.",
        ),
        Code::CodeLeftBehind => entry(
            "The factory auth code is still in the unit's flash.",
            "The firmware did not erase the code after provisioning.",
            "Use firmware that erases its code, or allow it in the recipe (keep_auth_code).",
        ),
        Code::UnitFloods => entry(
            "The unit sends without end.",
            "It reported more than any healthy unit does.",
            "Take the unit off the slot and put it into rework; check its firmware.",
        ),
        Code::StepTimedOut => entry(
            "A step did not finish in time.",
            "The station gave up waiting.",
            "Run the unit again; if it stays, check the slot.",
        ),
        Code::Interrupted => entry(
            "The station stopped while the unit was in work.",
            "Power, a crash or a restart of the station ended the run before its verdict.",
            "Run the unit again; its old code has been made unusable.",
        ),
        Code::Cancelled => entry(
            "The run was stopped by a person.",
            "Someone ended the batch while the unit was in work.",
            "Run the unit again; its old code has been made unusable.",
        ),
        Code::FlashSilent => entry(
            "The flash chip does not answer.",
            "Its id reads as all ones or all zeros, as with a bad solder joint, a missing chip or a short circuit.",
            "Put the unit aside for repair of its flash chip.",
        ),
        Code::BrownOut => entry(
            "The unit's supply voltage breaks down.",
            "The brown-out detector reset the unit: the supply, its cable or a contact is too weak.",
            "Check the slot's supply and pins; if another unit runs here, put this one into rework.",
        ),
        Code::PortMoved => entry(
            "The port has another name now and was not found again.",
            "The adapter was unplugged and came back elsewhere, or the USB hub reset.",
            "Plug the adapter into its own socket; name the port by its place (by-path) in the configuration.",
        ),
        Code::AlreadyProvisioned => entry(
            "The unit already holds a session of somebody else.",
            "Its NVS has complete credentials that this station did not issue.",
            "Put the unit aside; the line engineer finds out where it comes from.",
        ),
        Code::Quarantined => entry(
            "The unit is in quarantine.",
            "It failed in a way that a person has to look at first.",
            "Take it to the line engineer, who releases it with a reason or scraps it.",
        ),
        Code::Scrapped => entry(
            "The unit was scrapped.",
            "Its certificate, sessions and codes were made invalid for ever.",
            "Take it out of the line and put it with the scrap.",
        ),
        Code::BatchAttemptsUsedUp => entry(
            "This unit has used up its attempts in this batch.",
            "The recipe limits the runs of one unit in one batch.",
            "Put the unit into rework; it may run in another batch.",
        ),
        Code::WifiNotFound => entry(
            "The unit does not find its Wi-Fi network.",
            "No access point of that name is in reach, or its signal is too weak.",
            "Check that the access point is on and the recipe's Wi-Fi name is right; then the unit's antenna.",
        ),
        Code::WifiRefused => entry(
            "The Wi-Fi network does not let the unit in.",
            "The password is wrong, or the network asks for another kind of security.",
            "Check the recipe's Wi-Fi password and the access point's security setting.",
        ),
        Code::DhcpSilent => entry(
            "The unit joined the Wi-Fi network and gets no address.",
            "No DHCP server answers, or it has no address left.",
            "Check the network's DHCP server and its range of addresses.",
        ),
        Code::DnsFailed => entry(
            "The unit cannot resolve the server's name.",
            "The network's name server does not answer or does not know the name.",
            "Check the network's DNS, and the host names in the recipe and the configuration.",
        ),
        Code::CaptivePortal => entry(
            "Somebody else answers in the server's place.",
            "The network has a login page or a proxy: the unit was answered, and not by this station.",
            "Give the units a network without login page or proxy.",
        ),
        Code::TlsUnknownCa => entry(
            "The unit does not trust the server's certificate.",
            "The CA in the unit is not the one that signed the server's certificate.",
            "Put this station's root (`station ca show --root-pem`) into the recipe or the firmware.",
        ),
        Code::TlsWrongName => entry(
            "The server's certificate is for another name.",
            "The host in the unit's URL is none of the names in the certificate.",
            "Use the same host name in the recipe and in the station's configuration.",
        ),
        Code::TlsExpired => entry(
            "The server's certificate has expired, says the unit.",
            "The server that answered shows an old certificate, or the unit's clock is ahead.",
            "Renew that server's certificate; check the clocks.",
        ),
        Code::TlsNotYetValid => entry(
            "The server's certificate is not valid yet, says the unit.",
            "The server that answered shows a certificate of the future, or the unit's clock is behind.",
            "Check that the unit gets its time, and the clock of that server.",
        ),
        Code::UnitClockWrong => entry(
            "The unit's clock is wrong.",
            "It refuses a certificate for its dates that is valid by the station's clock.",
            "Check that the unit gets the time from its network before it uses TLS; then run it again.",
        ),
        Code::StationCertificateInvalid => entry(
            "The station's own server certificate is not valid now.",
            "By the station's own clock it has expired or has not begun.",
            "Check the station's clock, then restart the station: it issues a new certificate.",
        ),
        Code::ProvisionThrottled => entry(
            "The provisioning server asks the unit to wait.",
            "There were too many requests (HTTP 429), and its silence lasted longer than the step.",
            "Wait a minute and run the unit again; have fewer units begin at once, or raise the limit.",
        ),
        Code::ProvisionServiceFailed => entry(
            "The provisioning server failed.",
            "It answered with an error of its own (HTTP 5xx) until the time was over.",
            "Look at the server's log and `station doctor`; then run the unit again.",
        ),
        Code::ProvisionCutOff => entry(
            "The provisioning answer was cut off.",
            "The connection ended while the request or its answer was under way.",
            "Check the network between unit and station; then run the unit again.",
        ),
        Code::UpstreamAway => entry(
            "The provisioning service behind the station is away.",
            "It cannot be reached, or it fails.",
            "Wait: the batch goes on when the service is back; check the station's way to it.",
        ),
        Code::UpstreamRefused => entry(
            "The provisioning service behind the station refused the unit.",
            "It does not accept this request: workspace, rights or the station's own credentials.",
            "Check the station's account at the service and the recipe's workspace.",
        ),
        Code::UpstreamForeignBroker => entry(
            "The provisioning service sends units to another broker.",
            "The broker in its answer is not the one that this station watches, so no unit can prove itself here.",
            "Configure the service or the station so that both name the same broker.",
        ),
        Code::UpstreamKnownUnit => entry(
            "The provisioning service returned the unit's earlier identity.",
            "It recognises the unit; that identity is on record for an earlier run, and no identity is used twice.",
            "Delete the device at the service, or write forward_mac = false in the station's [upstream] section; then run the unit again.",
        ),
        Code::MqttHammering => entry(
            "The unit logs in again and again without waiting.",
            "After a refused login it must wait 30 seconds or more, and it does not; brokers ban such units.",
            "Take the unit off the slot; use firmware that backs off, and provision it again.",
        ),
        Code::MqttFlapping => entry(
            "The unit connects and loses its connection again and again.",
            "The network between unit and broker is unstable, or two units use the same login.",
            "Check signal and supply; check that no other unit holds this one's credentials.",
        ),
        Code::PingUnanswered => entry(
            "The unit does not answer the station's command.",
            "It subscribed to its commands and did not answer `cmd/ping` on `state`.",
            "Use firmware that answers the ping, or write `ping = false` under `[proof]` in the recipe.",
        ),
        Code::PresenceMissing => entry(
            "The unit does not publish its presence.",
            "The recipe asks for it, and nothing arrived on `presence/`.",
            "Use firmware with presence, or switch it off in the recipe.",
        ),
        Code::PresenceStale => entry(
            "The unit's presence is not a retained ONLINE.",
            "It published something else, or did not have it retained.",
            "Correct the firmware: retained ONLINE on connect.",
        ),
        Code::SubscriptionMissing => entry(
            "The unit does not listen to all its topics.",
            "A subscription to `cmd/#` or `config/#` is missing.",
            "Use firmware that subscribes to both.",
        ),
        Code::OtaTimedOut => entry(
            "The unit's firmware update did not finish in time.",
            "The download did not begin, is too slow, or the unit did not come back after it.",
            "Check the network's speed; raise the recipe's time for updates.",
        ),
        Code::NvsFull => entry(
            "The unit's NVS is full.",
            "The partition has no room for the session.",
            "Choose a larger NVS partition, or store less in it.",
        ),
        Code::NvsCorrupt => entry(
            "The unit cannot read its NVS.",
            "The partition is damaged, or its format is another one.",
            "Run the unit again, which writes its NVS anew; if it stays, put it into rework.",
        ),
        Code::NvsKeyTooLong => entry(
            "The firmware uses an NVS key that is too long.",
            "Keys have at most 15 characters.",
            "Use firmware with the short key names, such as `ota_sha`.",
        ),
        Code::NvsWriteFailed => entry(
            "The unit cannot write its NVS.",
            "The flash refuses to be written: write protection, or a bad chip.",
            "Run the unit again; if it stays, put it into rework.",
        ),
        Code::BootstrapQuota => entry(
            "The account's device quota is used up.",
            "The service takes no more devices; a developer certificate allows 100.",
            "Delete devices or raise the quota; the unit keeps retrying and gets in as soon as there is room.",
        ),
        Code::BootstrapRejected => entry(
            "The bootstrap service rejected the unit.",
            "A certificate is missing, blocked or not uploaded, or the account lacks the right.",
            "Upload or enable the certificate at the service.",
        ),
        Code::InvalidParameters => entry(
            "The unit's factory parameters are wrong.",
            "A URL has the wrong form, or a name, device or account id is longer than 64 characters.",
            "Correct the value in the recipe, inject it again and restart the unit.",
        ),
        Code::NotRegistered => entry(
            "The client was closed while it was not registered.",
            "The firmware called close too early; this is a caller's mistake.",
            "Nothing is to be done at the line; correct the firmware.",
        ),
        Code::RegistrationTimedOut => entry(
            "The unit did not register within three minutes.",
            "The network works, but the service did not complete the registration.",
            "Check the service; then run the unit again.",
        ),
        Code::NetworkLost => entry(
            "The unit lost its connection to the service.",
            "The network was interrupted or never there.",
            "Check the network; the unit recovers by reconnecting.",
        ),
        Code::ResponseUnreadable => entry(
            "The unit cannot parse the service's message.",
            "The message is malformed.",
            "Check that the configured service is a compatible one.",
        ),
        Code::CredentialsMemory => entry(
            "The unit has no memory left to store its credentials.",
            "The firmware uses too much of it.",
            "Use firmware with more free memory.",
        ),
        Code::CallNotAllowed => entry(
            "The firmware called the client at the wrong moment.",
            "The call is not valid in the client's present state.",
            "Correct the order of calls in the firmware.",
        ),
        Code::SecureConnectionFailed => entry(
            "The secure connection to the service failed.",
            "TLS or DTLS broke down, for example because the unit's certificate has expired.",
            "Provision the unit again, so that it gets a fresh certificate.",
        ),
        Code::CredentialsUnstorable => entry(
            "The unit cannot store its credentials.",
            "Its secure storage cannot be written.",
            "Format the unit's storage and provision it again.",
        ),
        Code::CredentialsUnreadable => entry(
            "The unit cannot read its credentials.",
            "Its secure storage is damaged.",
            "Format the unit's storage and provision it again.",
        ),
        Code::CredentialsInvalid => entry(
            "The unit's stored credentials cannot be used.",
            "They are damaged, or do not fit the service.",
            "Reset the secure storage to factory state and provision again.",
        ),
        Code::SecretInFile => entry(
            "A tracked file holds a real secret.",
            "A Wi-Fi password, code or key was written into a file that is under version control.",
            "Put an empty placeholder there, refer to an environment variable or file, and change the secret.",
        ),
        Code::BleComponentMissing => entry(
            "The Bluetooth header `host/ble_gap.h` is missing in the build.",
            "The component does not require `bt`.",
            "Add `bt` to the component's REQUIRES and build cleanly.",
        ),
        Code::BleAdvertisementTooLong => entry(
            "The Bluetooth advertisement is too long.",
            "UUID and name together exceed the 31 octets of an advertising packet.",
            "Put the UUID into the advertisement and the name into the scan response.",
        ),
        Code::BleUuidByteOrder => entry(
            "The unit shows its Bluetooth UUID with swapped octets.",
            "The clock sequence reads 2480 instead of 8024: the firmware is old.",
            "Flash the corrected firmware.",
        ),
        Code::CredentialsRevoked => entry(
            "The unit's credentials were revoked during its run.",
            "A person revoked its certificate or its session before the pass was on record.",
            "Find out who revoked them and why; then run the unit again, so that it gets new ones.",
        ),
        Code::BuildConfigurationStale => entry(
            "The build's Bluetooth settings are missing.",
            "The build configuration is stale.",
            "Delete the build folder and sdkconfig, generate them anew and build cleanly.",
        ),
    }
}

pub(super) const fn owner(owner: Owner) -> &'static str {
    match owner {
        Owner::Unit => "the unit",
        Owner::Fixture => "the fixture",
        Owner::Recipe => "the recipe or its firmware",
        Owner::Network => "the network",
        Owner::Service => "the service",
        Owner::Station => "this station",
        Owner::Person => "handling",
    }
}

pub(super) const fn next_action(next: NextAction) -> &'static str {
    match next {
        NextAction::RetryHere => "run it again here",
        NextAction::Rework => "send it to rework",
        NextAction::Quarantine => "set it aside until it is released",
        NextAction::StopSlot => "stop the slot",
        NextAction::StopLine => "stop the batch",
    }
}

pub(super) const fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Build => "build",
        Phase::Identify => "identification",
        Phase::Prepare => "preparation",
        Phase::Flash => "flashing",
        Phase::Boot => "start",
        Phase::Network => "network",
        Phase::Provision => "provisioning",
        Phase::Connect => "connection",
        Phase::Attest => "read-back",
        Phase::Any => "any step",
    }
}

pub(super) const fn expected(expected: Expected) -> &'static str {
    match expected {
        Expected::ProvisionSkipped => "It is expected: the unit has no code and uses its stored session.",
        Expected::OtaSkipped => "It is expected: the firmware on offer is the one that was applied.",
        Expected::UuidInOtherForm => "It is no error: the same UUID in another text form.",
    }
}
