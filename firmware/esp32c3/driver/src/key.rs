//! The unit's own private key (P-256): made on the unit, kept in NVS, and never sent.
#![expect(unsafe_code, reason = "Mbed TLS makes keys and requests through its C interface only")]

use alloc::ffi::CString;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::ffi::{CStr, c_int, c_uchar, c_void};
use core::ptr;

use embedded_storage::nor_flash::NorFlash;
use firstpass_agent::{ClientKey, EspError, NvsRead, NvsValue, SessionWrite};
use firstpass_contract::{Secret, nvs};
use mbedtls_rs::sys::{
    mbedtls_ecp_gen_key, mbedtls_ecp_group_id_MBEDTLS_ECP_DP_SECP256R1, mbedtls_ecp_keypair,
    mbedtls_md_type_t_MBEDTLS_MD_SHA256, mbedtls_pem_write_buffer, mbedtls_pk_context, mbedtls_pk_free,
    mbedtls_pk_info_from_type, mbedtls_pk_init, mbedtls_pk_parse_key, mbedtls_pk_setup,
    mbedtls_pk_type_t_MBEDTLS_PK_ECKEY, mbedtls_pk_write_key_der, mbedtls_x509write_csr, mbedtls_x509write_csr_free,
    mbedtls_x509write_csr_init, mbedtls_x509write_csr_pem, mbedtls_x509write_csr_set_key,
    mbedtls_x509write_csr_set_md_alg, mbedtls_x509write_csr_set_subject_name,
};

use crate::DeviceNvs;

/// Room for a request or a key in PEM, in bytes.
const PEM_MAX: usize = 1024;
/// Room for a P-256 key in DER, in bytes.
const DER_MAX: usize = 160;

/// Version 0, and the algorithm: an elliptic-curve key on P-256 (RFC 5208, RFC 5480).
const PKCS8_PREFIX: [u8; 24] = [
    0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
    0xce, 0x3d, 0x03, 0x01, 0x07,
];

/// A key under `key_pem` in NVS.
pub(crate) struct KeyInNvs<'a, 'f, F: NorFlash> {
    pub(crate) nvs: &'a mut DeviceNvs<'f, F>,
    pub(crate) random: &'a dyn Fn() -> u64,
}

impl<F: NorFlash> ClientKey for KeyInNvs<'_, '_, F> {
    fn certificate_request(&mut self, common_name: &str) -> Result<String, EspError> {
        let mut key = self.key()?;
        key.request(common_name, self.random)
    }
}

impl<F: NorFlash> KeyInNvs<'_, '_, F> {
    /// The key that is there, or a new one.
    fn key(&mut self) -> Result<Key, EspError> {
        if let Some(key) = self.nvs.text(nvs::KEY_PEM)?.and_then(|pem| Key::parse(&pem, self.random)) {
            return Ok(key);
        }
        let key = Key::generate(self.random)?;
        let set = vec![(nvs::KEY_PEM, NvsValue::Secret(Secret::new(key.pem()?)))];
        self.nvs.write(&SessionWrite { set, erase: Vec::new() })?;
        Ok(key)
    }
}

/// A private key.
struct Key(mbedtls_pk_context);

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: the context was initialised by `Key::empty`.
        unsafe { mbedtls_pk_free(&mut self.0) }
    }
}

impl Key {
    fn empty() -> Self {
        let mut key = Self(mbedtls_pk_context::default());
        // SAFETY: the context is valid for writes; Mbed TLS keeps no pointer to it.
        unsafe { mbedtls_pk_init(&mut key.0) };
        key
    }

    fn parse(pem: &str, random: &dyn Fn() -> u64) -> Option<Self> {
        let mut key = Self::empty();
        let pem = CString::new(pem).ok()?;
        let bytes = pem.as_bytes_with_nul();
        // SAFETY: the text ends with a NUL and its length is given; `fill` gets what it expects.
        let parsed = unsafe {
            mbedtls_pk_parse_key(&mut key.0, bytes.as_ptr(), bytes.len(), ptr::null(), 0, Some(fill), source(&random))
        };
        (parsed == 0).then_some(key)
    }

    fn generate(random: &dyn Fn() -> u64) -> Result<Self, EspError> {
        let mut key = Self::empty();
        // SAFETY: after a setup for this type the context points to a key pair of an elliptic curve.
        let made = unsafe {
            match mbedtls_pk_setup(&mut key.0, mbedtls_pk_info_from_type(mbedtls_pk_type_t_MBEDTLS_PK_ECKEY)) {
                0 => mbedtls_ecp_gen_key(
                    mbedtls_ecp_group_id_MBEDTLS_ECP_DP_SECP256R1,
                    key.0.private_pk_ctx.cast::<mbedtls_ecp_keypair>(),
                    Some(fill),
                    source(&random),
                ),
                error => error,
            }
        };
        checked(made).map(|_| key)
    }

    /// PKCS #8 in PEM.
    fn pem(&self) -> Result<String, EspError> {
        let mut der = [0; DER_MAX];
        // SAFETY: the buffer's length is given; the key is written to its end.
        let written = unsafe { mbedtls_pk_write_key_der(&self.0, der.as_mut_ptr(), der.len()) };
        let sec1 = &der[DER_MAX - checked(written)? as usize..];
        let length = |length: usize| u8::try_from(length).map_err(|_| EspError("ESP_ERR_INVALID_SIZE"));
        let mut pkcs8 = vec![0x30, 0x81, length(PKCS8_PREFIX.len() + 2 + sec1.len())?];
        pkcs8.extend_from_slice(&PKCS8_PREFIX);
        pkcs8.extend_from_slice(&[0x04, length(sec1.len()).and_then(short)?]);
        pkcs8.extend_from_slice(sec1);
        let mut text = [0; PEM_MAX];
        let mut used = 0;
        // SAFETY: all texts end with a NUL and all lengths are given.
        let written = unsafe {
            mbedtls_pem_write_buffer(
                c"-----BEGIN PRIVATE KEY-----\n".as_ptr(),
                c"-----END PRIVATE KEY-----\n".as_ptr(),
                pkcs8.as_ptr(),
                pkcs8.len(),
                text.as_mut_ptr(),
                text.len(),
                &mut used,
            )
        };
        checked(written)?;
        text_of(&text)
    }

    /// A PKCS #10 request in PEM, signed by the key.
    fn request(&mut self, common_name: &str, random: &dyn Fn() -> u64) -> Result<String, EspError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || ":._-".contains(c);
        if common_name.is_empty() || !common_name.chars().all(plain) {
            return Err(EspError("ESP_ERR_INVALID_ARG"));
        }
        let subject = CString::new(format!("CN={common_name}")).map_err(|_| EspError("ESP_ERR_INVALID_ARG"))?;
        let mut text = [0; PEM_MAX];
        let mut request = mbedtls_x509write_csr::default();
        // SAFETY: the request lives until it is freed, the key and the subject outlive it, and all lengths are given.
        let written = unsafe {
            mbedtls_x509write_csr_init(&mut request);
            mbedtls_x509write_csr_set_md_alg(&mut request, mbedtls_md_type_t_MBEDTLS_MD_SHA256);
            mbedtls_x509write_csr_set_key(&mut request, &mut self.0);
            let written = match mbedtls_x509write_csr_set_subject_name(&mut request, subject.as_ptr()) {
                0 => {
                    let rng = source(&random);
                    mbedtls_x509write_csr_pem(&mut request, text.as_mut_ptr(), text.len(), Some(fill), rng)
                }
                error => error,
            };
            mbedtls_x509write_csr_free(&mut request);
            written
        };
        checked(written)?;
        text_of(&text)
    }
}

/// A length that needs one byte in DER.
fn short(length: u8) -> Result<u8, EspError> {
    if length < 128 { Ok(length) } else { Err(EspError("ESP_ERR_INVALID_SIZE")) }
}

fn text_of(buffer: &[u8]) -> Result<String, EspError> {
    let text = CStr::from_bytes_until_nul(buffer).ok().and_then(|text| text.to_str().ok());
    text.map(ToString::to_string).ok_or(EspError("ESP_FAIL"))
}

fn checked(code: c_int) -> Result<c_int, EspError> {
    // `MBEDTLS_ERR_…_ALLOC_FAILED` of keys, curves, numbers and requests.
    match code {
        0.. => Ok(code),
        -0x3f80 | -0x4d80 | -0x0010 | -0x2880 => Err(EspError("ESP_ERR_NO_MEM")),
        _ => Err(EspError("ESP_FAIL")),
    }
}

fn source(random: &&dyn Fn() -> u64) -> *mut c_void {
    ptr::from_ref(random).cast_mut().cast()
}

/// Fills Mbed TLS's buffers with random bytes; `source` points to the function that makes them.
unsafe extern "C" fn fill(source: *mut c_void, buffer: *mut c_uchar, length: usize) -> c_int {
    // SAFETY: `source` comes from the function of that name, and its target outlives the call that it was handed to;
    // Mbed TLS gives a buffer of that length.
    let (random, buffer) =
        unsafe { (*source.cast::<&dyn Fn() -> u64>(), core::slice::from_raw_parts_mut(buffer, length)) };
    for piece in buffer.chunks_mut(8) {
        piece.copy_from_slice(&random().to_le_bytes()[..piece.len()]);
    }
    0
}
