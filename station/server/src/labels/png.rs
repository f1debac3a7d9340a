//! A label as PNG: one bit for each dot, with the printer's resolution in it so that programs print it at its size.

use png::{BitDepth, ColorType, Encoder, PixelDimensions, Unit};

use super::{drawing::Drawing, raster};

/// Dots per metre for each dot per inch, times ten thousand.
const METRE_PER_INCH_TEN_THOUSANDTHS: u32 = 254;

/// The whole file.
pub(crate) fn render(drawing: &Drawing) -> Vec<u8> {
    let raster = raster::render(drawing);
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, raster.width, raster.height);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::One);
    let per_metre = (drawing.dpi * 10_000).div_ceil(METRE_PER_INCH_TEN_THOUSANDTHS);
    encoder.set_pixel_dims(Some(PixelDimensions { xppu: per_metre, yppu: per_metre, unit: Unit::Meter }));
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&packed(&raster)));
    written.expect("an image in memory can be written");
    file
}

/// Eight dots to a byte, the first in its highest bit, each row from a new byte on; a set bit is white.
fn packed(raster: &raster::Raster) -> Vec<u8> {
    let byte = |dots: &[bool]| {
        let white = dots.iter().zip((0..8).rev()).filter(|(black, _)| !**black);
        white.fold(0_u8, |byte, (_, bit)| byte | 1 << bit)
    };
    raster.dots.chunks(raster.width as usize).flat_map(|row| row.chunks(8).map(byte)).collect()
}
