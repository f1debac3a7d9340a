//! Logarithms of factorials and binomial coefficients: the terms of exact tests are too large and too small for anything
//! else. Knows no distribution.

/// `ln(Γ(x))` for `x > 0`, by Lanczos' approximation (g = 7, nine terms; relative error below 1e-13).
fn ln_gamma(x: f64) -> f64 {
    const G: f64 = 7.0;
    const TERMS: [f64; 9] = [
        0.999_999_999_999_809_9,
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    let x = x - 1.0;
    let [first, rest @ ..] = TERMS;
    let sum = rest.iter().zip(1_u8..).fold(first, |sum, (term, at)| sum + term / (x + f64::from(at)));
    let t = x + G + 0.5;
    0.5 * (2.0 * std::f64::consts::PI).ln() + (x + 0.5) * t.ln() - t + sum.ln()
}

/// `ln(n!)`
pub(crate) fn ln_factorial(n: u32) -> f64 {
    if n < 2 { 0.0 } else { ln_gamma(f64::from(n) + 1.0) }
}

/// `ln(n over k)`; `k` is not more than `n`.
pub(crate) fn ln_choose(n: u32, k: u32) -> f64 {
    ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factorials_agree_with_their_products() {
        let mut product = 1.0_f64;
        for n in 1..=150 {
            product *= f64::from(n);
            assert!((ln_factorial(n) - product.ln()).abs() < 1e-11 * product.ln().max(1.0), "{n}");
        }
    }

    #[test]
    fn coefficients_agree_with_known_ones() {
        for (n, k, coefficient) in [(5, 2, 10.0), (10, 0, 1.0), (10, 10, 1.0), (52, 5, 2_598_960.0)] {
            assert!((ln_choose(n, k).exp() / coefficient - 1.0_f64).abs() < 1e-11, "{n} over {k}");
        }
    }
}
