//! What reproduces each code: a fault of the matrix, or else a test.

use firstpass_domain::DiagnosisCode as Code;

/// Something that can be run.
#[derive(Debug, Clone, Copy)]
pub(super) enum Story {
    /// A fault of the matrix, by its name.
    Fault(&'static str),
    /// A test: its file and its name.
    Test(&'static str, &'static str),
}

use Story::{Fault, Test};

/// Judged from evidence: every code of a run is reached there.
const REACHED: Story = Test("station/domain/tests/verdict/reach.rs", "each_of_these_ends_the_run_with_its_code");
const CLIENTS: &[Story] =
    &[Test("station/domain/tests/verdict/causes.rs", "a_client_that_reports_by_class_is_understood"), REACHED];
const BLUETOOTH: &[Story] =
    &[Test("station/device/src/uart/recognise/tests.rs", "faults_of_bluetooth_and_of_its_build_are_told"), REACHED];
const BUILD: &[Story] =
    &[Test("station/device/src/uart/recognise/tests.rs", "faults_of_bluetooth_and_of_its_build_are_told")];
const UPSTREAM: &str = "station/gateway/tests/https/upstream.rs";
const CAUSES: &str = "station/domain/tests/verdict/causes.rs";
const ADMISSION: &str = "station/store/tests/conformance/admission.rs";
const HOLDS: &str = "station/store/tests/conformance/holds.rs";
const BATCHES: &str = "tests/stories/batches.rs";
const INPUT: &str = "tests/stories/bad_input.rs";
const UNIT: &str = "station/device/tests/unit/faults.rs";
const MISSING: Story = Test(CAUSES, "the_first_piece_that_is_missing_of_the_proof_is_named");
const IN_THE_WAY: Story = Test(CAUSES, "the_first_thing_in_the_way_to_the_service_is_named");

pub(super) const fn story(code: Code) -> &'static [Story] {
    match code {
        Code::PortBusy => &[Test(INPUT, "a_port_that_another_program_holds_is_busy")],
        Code::PortGone => &[Fault("vanish")],
        Code::PortUnusable => &[Test(INPUT, "a_path_that_is_no_serial_port_is_named")],
        Code::FixtureFailed => &[Test(UNIT, "a_fixture_that_is_not_there_has_failed")],
        Code::NoAnswer => &[Fault("loader_mute")],
        Code::LinkGarbled => &[Fault("corrupt_ack")],
        Code::LoaderRejected => &[Test(
            "station/device/tests/unit/secure_download.rs",
            "a_rom_that_refuses_for_another_reason_has_rejected_a_command",
        )],
        Code::WrongChip => &[Fault("wrong_chip")],
        Code::RevisionTooOld => &[Fault("old_revision")],
        Code::WrongFlashSize => &[Fault("wrong_flash_size")],
        Code::SecurityEnabled => &[Fault("secure_boot"), Fault("flash_encryption"), Fault("secure_download")],
        Code::OtherUnit => &[
            Test(
                "station/device/tests/unit/recover.rs",
                "another_unit_behind_the_port_that_came_back_is_not_written_to",
            ),
            REACHED,
        ],
        Code::AttemptsUsedUp => &[Test(ADMISSION, "attempts_run_out_and_refused_runs_do_not_count")],
        Code::PassedBefore => &[Test(ADMISSION, "a_unit_that_passed_is_refused_unless_the_policy_lets_it_repeat")],
        Code::InWorkElsewhere => &[Test(ADMISSION, "a_unit_in_work_is_refused_elsewhere_and_stays_with_its_first_run")],
        Code::QuotaReached => &[Test(BATCHES, "a_unit_beyond_the_quota_gets_no_credentials")],
        Code::FlashVerifyFailed => &[Fault("bad_md5"), Fault("worn_flash")],
        Code::BootSilent | Code::BootAppMissing => &[REACHED],
        Code::BootImageInvalid => &[Fault("invalid_header"), Fault("flash_read_err")],
        Code::DownloadMode => &[Fault("stuck_in_download")],
        Code::BootLoop => &[Fault("boot_loop")],
        Code::UartNoise => &[Fault("flood")],
        Code::AppHung => &[Test("station/cli/tests/commands/diagnose.rs", "what_a_kept_log_alone_tells_is_explained")],
        Code::AppSilent => &[Fault("silent_after_boot")],
        Code::NetworkFailed => &[Fault("no_network")],
        Code::ProvisionImpossible => &[Fault("no_code")],
        Code::ProvisionRefused => &[Fault("wrong_code"), Fault("wrong_workspace"), Fault("http_403")],
        Code::ProvisionTransport => &[Fault("https_refused"), Fault("https_silent")],
        Code::ProvisionUnreadable => &[Fault("http_truncated"), Fault("http_html")],
        Code::ProvisionTimedOut => &[IN_THE_WAY],
        Code::ProvisionUnexpected => &[Test(CAUSES, "a_field_image_that_asks_for_a_session_is_the_wrong_one")],
        Code::MqttRefused => &[Fault("wrong_password")],
        Code::TopicDenied => &[Fault("wrong_topics")],
        Code::MqttTransport => &[Fault("mqtt_refused"), Fault("mqtt_eof"), Fault("mqtt_silent")],
        Code::MqttDropped => &[Fault("drop_after_connect")],
        Code::MqttTimedOut => &[Test(CAUSES, "the_first_thing_in_the_way_to_the_broker_is_named")],
        Code::CertificateMissing => &[Fault("no_certificate")],
        Code::WrongFirmware => &[Fault("wrong_firmware_answer")],
        Code::OtaFailed | Code::SecureConnectionFailed => &[REACHED],
        Code::FlashChanged => &[Fault("flash_changed")],
        Code::NvsUnreadable => &[REACHED],
        Code::SessionMismatch => &[Fault("session_changed")],
        Code::CodeLeftBehind => &[Fault("keeps_code"), Fault("code_elsewhere")],
        Code::UnitFloods => &[Fault("mqtt_flood")],
        Code::StepTimedOut => &[REACHED],
        Code::Interrupted => {
            &[Test("tests/stories/killed_station.rs", "a_unit_survives_the_death_of_its_station_at_every_boundary")]
        }
        Code::Cancelled => {
            &[Test("tests/stories/stopped_batch.rs", "ctrl_c_while_units_are_flashed_cancels_their_runs")]
        }
        Code::FlashSilent => &[Fault("flash_silent")],
        Code::BrownOut => &[Fault("brown_out")],
        Code::PortMoved => &[REACHED],
        Code::AlreadyProvisioned => &[REACHED],
        Code::Quarantined => &[Test(HOLDS, "a_failure_that_asks_for_it_puts_the_unit_into_quarantine")],
        Code::Scrapped => &[Test(HOLDS, "a_scrapped_unit_loses_everything_at_once_and_for_ever")],
        Code::BatchAttemptsUsedUp => &[Test(HOLDS, "attempts_in_one_batch_run_out_and_are_free_in_another")],
        Code::WifiNotFound => &[Fault("wifi_not_found")],
        Code::WifiRefused => &[Fault("wifi_wrong_password")],
        Code::DhcpSilent => &[Fault("dhcp_silent")],
        Code::DnsFailed => &[Fault("dns_failed")],
        Code::CaptivePortal => &[Fault("captive_portal")],
        Code::TlsUnknownCa => &[Fault("mqtt_unknown_ca")],
        Code::TlsWrongName => &[Fault("https_wrong_name")],
        Code::TlsExpired => &[Fault("https_expired"), Fault("mqtt_expired")],
        Code::TlsNotYetValid => &[Fault("https_not_yet_valid")],
        Code::UnitClockWrong => &[Fault("unit_clock_late"), Fault("unit_clock_early")],
        Code::StationCertificateInvalid => &[
            Test(
                "station/gateway/tests/https/handshakes.rs",
                "a_station_whose_clock_is_behind_says_that_its_certificate_is_not_valid",
            ),
            REACHED,
        ],
        Code::ProvisionThrottled => &[Fault("http_429")],
        Code::ProvisionServiceFailed => &[Fault("http_500"), Fault("http_503")],
        Code::ProvisionCutOff => &[Fault("http_cut")],
        Code::UpstreamAway => {
            &[Test(UPSTREAM, "a_port_where_nobody_listens_and_a_foreign_authority_are_unreachable"), REACHED]
        }
        Code::UpstreamRefused => &[Test(UPSTREAM, "the_services_refusal_is_on_record_and_is_no_absence"), REACHED],
        Code::UpstreamForeignBroker => {
            &[Test(UPSTREAM, "an_answer_that_no_unit_could_store_is_named_and_the_code_is_not_sent_twice"), REACHED]
        }
        Code::UpstreamKnownUnit => {
            &[Test(UPSTREAM, "a_unit_that_the_service_recognises_is_refused_with_the_way_out"), REACHED]
        }
        Code::MqttHammering => &[Fault("hammering")],
        Code::MqttFlapping => &[Fault("flapping")],
        Code::PingUnanswered => &[Fault("no_ping_answer")],
        Code::PresenceMissing => &[Fault("no_presence")],
        Code::PresenceStale => &[Fault("stale_presence")],
        Code::SubscriptionMissing => &[MISSING],
        Code::OtaTimedOut => &[Test(CAUSES, "an_update_that_never_begins_is_named_when_it_was_to_be_applied")],
        Code::NvsFull => &[Fault("nvs_full")],
        Code::NvsCorrupt => &[Fault("nvs_corrupt")],
        Code::NvsKeyTooLong => &[Fault("nvs_key_too_long")],
        Code::NvsWriteFailed => &[Fault("nvs_write_failed")],
        Code::BootstrapQuota
        | Code::BootstrapRejected
        | Code::InvalidParameters
        | Code::NotRegistered
        | Code::RegistrationTimedOut
        | Code::NetworkLost
        | Code::ResponseUnreadable
        | Code::CredentialsMemory
        | Code::CallNotAllowed
        | Code::CredentialsUnstorable
        | Code::CredentialsUnreadable
        | Code::CredentialsInvalid => CLIENTS,
        Code::SecretInFile => {
            &[Test("station/cli/tests/commands/secrets.rs", "a_secret_that_is_written_out_is_refused_and_not_shown")]
        }
        Code::BleComponentMissing | Code::BuildConfigurationStale => BUILD,
        Code::BleAdvertisementTooLong | Code::BleUuidByteOrder => BLUETOOTH,
        Code::CredentialsRevoked => &[Test(
            "station/line/src/run/end/tests.rs",
            "a_run_whose_credentials_were_revoked_in_the_last_moment_fails_and_says_so",
        )],
    }
}
