//! Why TLS was refused, in the words of Mbed TLS. Source: `mbedtls_x509_crt_verify_info`, `esp-tls-mbedtls` and
//! `esp-x509-crt-bundle` of ESP-IDF.

use firstpass_domain::evidence::{TlsFault, UartFact};

use super::cut;

/// What Mbed TLS and ESP-IDF's certificate bundle say of a certificate.
const TEXTS: [(&str, TlsFault); 12] = [
    ("The certificate is not correctly signed by the trusted CA", TlsFault::UnknownCa),
    ("No matching trusted root certificate found", TlsFault::UnknownCa),
    ("does not match with the expected CN", TlsFault::WrongName),
    ("The certificate validity has expired", TlsFault::Expired),
    ("The certificate validity starts in the future", TlsFault::NotYetValid),
    ("The certificate has been revoked", TlsFault::Other),
    ("Certificate was missing", TlsFault::Other),
    ("Usage does not match the keyUsage extension", TlsFault::Other),
    ("Usage does not match the extendedKeyUsage extension", TlsFault::Other),
    ("Usage does not match the nsCertType extension", TlsFault::Other),
    ("The certificate is signed with an unacceptable", TlsFault::Other),
    ("The CRL is ", TlsFault::Other),
];

/// Ends of a handshake that are the network's: connection reset, cut, or closed without a word.
const BY_THE_NETWORK: [&str; 5] = ["-0x7280", "-0x0050", "-0x50", "-0x004c", "-0x004e"];

/// What a line says of a certificate or a handshake.
pub(super) fn read(line: &str) -> Option<UartFact> {
    let named = TEXTS.iter().find(|(text, _)| line.contains(text)).map(|(_, fault)| *fault);
    let fault = named.or_else(|| is_failed_handshake(line).then_some(TlsFault::Other))?;
    Some(UartFact::TlsFailed { fault, text: cut(line) })
}

fn is_failed_handshake(line: &str) -> bool {
    let Some((_, code)) = line.split_once("mbedtls_ssl_handshake returned ") else { return false };
    let code = code.to_ascii_lowercase();
    code.starts_with("-0x") && !BY_THE_NETWORK.iter().any(|end| code.trim_end().trim_end_matches("\u{1b}[0m") == *end)
}
