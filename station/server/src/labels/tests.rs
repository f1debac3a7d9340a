//! Labels from template to dots: what scanners read out of them, what a printer is sent, and what is refused and where.

use datamatrix::DataMatrix;
use rqrr::PreparedImage;

use super::{
    code128,
    drawing::{Drawing, Mark, MatrixKind},
    error::FillError,
    layout::{Claim, draw},
    png,
    raster::{self, Raster},
    shelf, svg,
    template::Template,
    text::Placeholder,
    values::sample,
    zpl::{self, Copies},
};

/// A label of 40 x 20 mm with `elements`.
fn template(elements: &str) -> Template {
    let head = "name = \"t\"\nwidth_mm = 40\nheight_mm = 20\ndpi = 203\n";
    Template::parse("t.toml", &format!("{head}{elements}")).unwrap()
}

fn code(kind: &str, data: &str) -> Template {
    let size = if kind == "code128" { "width_mm = 38\nheight_mm = 8" } else { "size_mm = 18" };
    template(&format!("[[code]]\nkind = \"{kind}\"\nx_mm = 1\ny_mm = 1\n{size}\ndata = \"{data}\"\n"))
}

fn drawn(template: &Template) -> Drawing {
    draw(template, &sample, Claim::Passed).unwrap()
}

/// The dots of the PNG, as any program reads them.
fn dots(drawing: &Drawing) -> Raster {
    let file = png::render(drawing);
    let mut reader = ::png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    assert_eq!(info.bit_depth, ::png::BitDepth::One);
    let bit = |row: &[u8], x: u32| row[x as usize / 8] >> (7 - x % 8) & 1 == 0;
    let rows = bytes.chunks(info.line_size);
    let dots = rows.flat_map(|row| (0..info.width).map(move |x| bit(row, x))).collect();
    Raster { width: info.width, height: info.height, dots }
}

/// What a phone reads: QR codes are found and decoded in the picture.
fn read_qr(raster: &Raster) -> Vec<String> {
    // Around a label there is the white of its carrier; phones need some.
    let (border, zoom) = (40, 2);
    let side = |len: u32| (len as usize + 2 * border) * zoom;
    let grey = |x: usize, y: usize| {
        let (x, y) = ((x / zoom).wrapping_sub(border), (y / zoom).wrapping_sub(border));
        let on_label = x < raster.width as usize && y < raster.height as usize;
        if on_label && raster.dots[y * raster.width as usize + x] { 0 } else { 255 }
    };
    let mut image = PreparedImage::prepare_from_greyscale(side(raster.width), side(raster.height), grey);
    image.detect_grids().iter().map(|grid| grid.decode().unwrap().1).collect()
}

/// What a scanner reads of the only Data Matrix on a label: its modules taken out of the dots, then decoded.
fn read_data_matrix(drawing: &Drawing, raster: &Raster) -> String {
    let matrix = drawing.marks.iter().find_map(|mark| match mark {
        Mark::Matrix(matrix) if matrix.kind == MatrixKind::DataMatrix => Some(matrix),
        _ => None,
    });
    let matrix = matrix.unwrap();
    let side = matrix.modules.side();
    let middle = |at: u32, module: u32| at + module * matrix.scale + matrix.scale / 2;
    let dot = |x: u32, y: u32| raster.dots[(middle(matrix.y, y) * raster.width + middle(matrix.x, x)) as usize];
    let modules: Vec<bool> = (0..side).flat_map(|y| (0..side).map(move |x| dot(x, y))).collect();
    String::from_utf8(DataMatrix::decode(&modules, side as usize).unwrap()).unwrap()
}

#[test]
fn a_qr_code_says_what_the_record_says() {
    let drawing = drawn(&code("qr", "SN:{serial};MAC:{mac_plain}"));
    assert_eq!(read_qr(&dots(&drawing)), ["SN:FP-2026-000123;MAC:7CDFA1001234"]);
}

#[test]
fn a_data_matrix_says_what_the_record_says() {
    for data in ["{serial}", "{certificate_fingerprint}", "a~1_d065|#"] {
        let drawing = drawn(&code("datamatrix", data));
        let expected = data.replace("{serial}", "FP-2026-000123");
        let expected =
            expected.replace("{certificate_fingerprint}", &sample(Placeholder::CertificateFingerprint).unwrap());
        assert_eq!(read_data_matrix(&drawing, &dots(&drawing)), expected);
    }
}

#[test]
fn every_symbol_of_code_128_has_the_form_that_the_standard_demands() {
    // The start, one symbol for each value, the check and the stop, each of six widths and eleven modules.
    let every: String = (' '..='~').collect();
    let modules = code128::modules(&every).unwrap();
    assert_eq!(modules.len(), (1 + every.len() + 1) * 11 + 13);
    let symbols: Vec<&[bool]> = modules[..modules.len() - 13].chunks(11).collect();
    let distinct: std::collections::BTreeSet<_> = symbols[1..=every.len()].iter().collect();
    assert_eq!(distinct.len(), every.len(), "each character has a symbol of its own");
    for symbol in symbols {
        let bars = symbol.iter().filter(|bar| **bar).count();
        assert!(symbol[0] && !symbol[10] && bars % 2 == 0, "{symbol:?}");
        assert_eq!(symbol.chunk_by(|one, other| one == other).count(), 6, "{symbol:?}");
    }
}

#[test]
fn digits_alone_are_written_in_pairs_with_the_right_check_symbol() {
    // Start C (105), 12, 34 and the check symbol (105 + 1*12 + 2*34) mod 103 = 82, then the stop.
    let symbols = ["11010011100", "10110011100", "10001011000", "10010011110", "1100011101011"];
    let bars: Vec<bool> = symbols.concat().chars().map(|c| c == '1').collect();
    assert_eq!(code128::modules("1234").unwrap(), bars);
    assert!(code128::is_pairs("123456") && !code128::is_pairs("12345") && !code128::is_pairs("12"));
}

#[test]
fn what_a_printer_is_sent_stays_the_same() {
    // Golden bytes: do not edit. A printer's stock of labels is cut for them.
    let all = "[[box]]\nx_mm = 0.5\ny_mm = 0.5\nwidth_mm = 39\nheight_mm = 19\nline_mm = 0.4\n\
               [[text]]\nx_mm = 2\ny_mm = 2\nsize_mm = 3\nwidth_mm = 20\nalign = \"center\"\ntext = \"SN {serial}\"\n\
               [[code]]\nkind = \"qr\"\nx_mm = 24\ny_mm = 2\nsize_mm = 12\ndata = \"{mac}\"\n\
               [[code]]\nkind = \"datamatrix\"\nx_mm = 2\ny_mm = 6\nsize_mm = 6\ndata = \"{serial}\"\n\
               [[code]]\nkind = \"code128\"\nx_mm = 2\ny_mm = 14\nwidth_mm = 36\nheight_mm = 4\ndata = \"4711\"\n";
    let label = zpl::render(&drawn(&template(all)), Copies::ONE);
    let golden = "^XA\n^CI28\n^PW320\n^LL160\n^LH0,0\n^FWN\n\
        ^FO4,4^GB312,152,3^FS\n\
        ^FO16,16^A0N,17,17^FB160,1,0,C,0^FH\\^FDSN FP-2026-000123^FS\n\
        ^FO192,16^BQN,2,3^FH\\^FDMA,7c:df:a1:00:12:34^FS\n\
        ^FO16,48^BXN,3,200,,,,|^FH\\^FDFP-2026-000123^FS\n\
        ^FO16,112^BY5^BCN,32,N,N,N,N^FH\\^FD>;4711^FS\n\
        ^PQ1\n^XZ\n";
    assert_eq!(label, golden);
}

#[test]
fn nothing_on_record_can_command_the_printer() {
    let evil = "^XZ~JR_5E\\^FS>0{}\u{7}€\"'<script>";
    let value = |_: Placeholder| Some(evil.to_owned());
    let text = "[[text]]\nx_mm = 1\ny_mm = 1\nsize_mm = 2\ntext = \"{product}\"\n";
    let label = zpl::render(&draw(&template(text), &value, Claim::Passed).unwrap(), Copies::ONE);
    let (_, data) = label.split_once("^FD").unwrap();
    let (data, rest) = data.split_once("^FS").unwrap();
    assert!(data.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" .:-/\\".contains(&byte)), "{data}");
    assert_eq!(rest, "\n^PQ1\n^XZ\n");
    let picture = svg::render(&draw(&template(text), &value, Claim::Passed).unwrap());
    assert!(!picture.contains("script"), "{picture}");
    // Nor can it get into a code, which scanners would type into other programs.
    let refused = draw(&code("qr", "{product}"), &value, Claim::Passed);
    assert!(matches!(refused, Err(FillError::CodeCharacter { character: '€' })), "{refused:?}");
}

#[test]
fn a_unit_that_has_not_passed_is_marked_in_every_form_and_over_everything() {
    let template = code("datamatrix", "{serial}");
    let [good, marked] = [Claim::Passed, Claim::NotPassed].map(|claim| draw(&template, &sample, claim).unwrap());
    assert!(matches!(marked.marks.last(), Some(Mark::Banner(..))));
    let label = zpl::render(&marked, Copies::ONE);
    assert!(label.contains("^FR^A0N") && label.contains("^FDNOT PASSED^FS"), "{label}");
    assert!(!zpl::render(&good, Copies::ONE).contains("NOT PASSED"));
    assert!(svg::render(&marked).contains("fill=\"#fff\" d=\"M"));
    let black = |raster: &Raster| raster.dots.iter().filter(|dot| **dot).count();
    assert!(black(&dots(&marked)) > black(&dots(&good)) + 5000, "a black band from edge to edge");
}

#[test]
fn the_picture_is_as_large_as_the_label() {
    let drawing = drawn(&template("[[text]]\nx_mm = 1\ny_mm = 1\nsize_mm = 3\ntext = \"Hi\"\n"));
    assert!(svg::render(&drawing).contains("width=\"40mm\" height=\"20mm\" viewBox=\"0 0 320 160\""));
    let file = png::render(&drawing);
    let reader = ::png::Decoder::new(std::io::Cursor::new(&file)).read_info().unwrap();
    let per_metre = reader.info().pixel_dims.unwrap();
    assert_eq!((reader.info().width, reader.info().height, per_metre.xppu), (320, 160, 7993));
}

#[test]
fn text_is_set_smaller_until_it_fits_and_refused_when_nobody_could_read_it() {
    let sized = |text: &str| {
        let text = format!("[[text]]\nx_mm = 1\ny_mm = 1\nsize_mm = 4\nwidth_mm = 20\ntext = \"{text}\"\n");
        draw(&template(&text), &sample, Claim::Passed).map(|drawing| match &drawing.marks[0] {
            Mark::Text(line) => line.size,
            other => unreachable!("{other:?}"),
        })
    };
    assert_eq!(sized("short").unwrap(), 32);
    assert!((8..32).contains(&sized("somewhat longer than that").unwrap()));
    assert!(matches!(sized(&"W".repeat(200)), Err(FillError::TextTooLong { .. })));
    assert!(matches!(sized("漢"), Err(FillError::NoGlyph { character: '漢' })));
}

#[test]
fn letters_are_black_inside_and_white_around() {
    // An H of 10 mm: two stems and a bar, and nothing in the open halves.
    let drawing = drawn(&template("[[text]]\nx_mm = 5\ny_mm = 2\nsize_mm = 10\ntext = \"H\"\n"));
    let raster = raster::render(&drawing);
    let row = |y: u32| {
        let row = &raster.dots[(y * raster.width) as usize..((y + 1) * raster.width) as usize];
        row.chunk_by(|one, other| one == other).filter(|run| run[0]).count()
    };
    // From the upper end of the type to its baseline.
    assert_eq!([17, 24, 36, 47, 58, 70, 78].map(row), [0, 2, 2, 1, 2, 2, 0], "two stems, one bar");
}

#[test]
fn a_code_too_dense_for_its_size_is_refused() {
    let small = "[[code]]\nkind = \"qr\"\nx_mm = 1\ny_mm = 1\nsize_mm = 5\ndata = \"{certificate_fingerprint}\"\n";
    let refused = draw(&template(small), &sample, Claim::Passed);
    assert!(matches!(refused, Err(FillError::CodeTooDense { len: 64, .. })), "{refused:?}");
}

#[test]
fn what_the_record_does_not_have_is_named() {
    let none = |_: Placeholder| None;
    let refused = draw(&code("qr", "{certificate_fingerprint}"), &none, Claim::Passed).unwrap_err();
    assert_eq!(refused, FillError::NoValue { name: "certificate_fingerprint" });
    assert!(refused.problem().why.contains("certificate_fingerprint"));
}

#[test]
fn what_is_wrong_with_a_template_is_told_with_its_place() {
    let head = "name = \"t\"\nwidth_mm = 40\nheight_mm = 20\ndpi = 203\n";
    let text = |text: &str| format!("{head}[[text]]\nx_mm = 1\ny_mm = 1\nsize_mm = 3\ntext = {text}\n");
    let cases = [
        ("name = \"t\"\nwidth = 40".to_owned(), 2, 1, "unknown field"),
        (head.replace("203", "204"), 4, 7, "204 dots per inch"),
        (head.replace("40", "4"), 2, 12, "4 mm"),
        (head.to_owned(), 1, 8, "0 elements"),
        (text("\"SN {serail}\""), 9, 12, "no placeholder {serail}"),
        (text("\"{serial\""), 9, 9, "no partner"),
        (text("\"}\""), 9, 9, "no partner"),
        (text("7"), 9, 8, "invalid type"),
        (text("\"a\\tb\""), 9, 8, "control character"),
        (text("\"x\"").replace("x_mm = 1\n", "x_mm = 41\n"), 6, 8, "41 mm"),
        (format!("{head}[[code]]\nkind = \"aztec\"\nx_mm = 1\ny_mm = 1\nsize_mm = 3\ndata = \"x\"\n"), 6, 8, "aztec"),
        (format!("{head}[[code]]\nkind = \"qr\"\nx_mm = 1\ny_mm = 1\ndata = \"x\"\n"), 6, 8, "no size"),
        (format!("{head}[[code]]\nkind = \"qr\"\nx_mm = 1\ny_mm = 1\nsize_mm = 3\ndata = \"\"\n"), 10, 8, "empty"),
        (format!("{head}[[box]]\nx_mm = 1\ny_mm = 1\nwidth_mm = 45\nheight_mm = 1\nline_mm = 1\n"), 8, 12, "45 mm"),
    ];
    for (text, line, column, what) in cases {
        let error = Template::parse("t.toml", &text).expect_err(&text);
        assert!(error.what.contains(what), "{what:?} in {error:?}");
        assert_eq!((error.line, error.column), (line, column), "{error:?}\n{text}");
        assert!(!error.remedy.is_empty() && error.problem().why.contains("t.toml, line"), "{error:?}");
    }
}

#[test]
fn braces_can_be_written() {
    let drawing = drawn(&code("qr", "{{{serial}}}"));
    assert_eq!(read_qr(&dots(&drawing)), ["{FP-2026-000123}"]);
}

#[test]
fn every_template_that_the_program_brings_along_can_be_used() {
    let all = shelf::all(None).unwrap();
    assert_eq!(all.iter().map(|entry| entry.id.as_str()).collect::<Vec<_>>(), ["product", "serial", "certificate"]);
    for entry in all {
        let template = entry.result.unwrap();
        let drawing = drawn(&template);
        assert!(zpl::render(&drawing, Copies::ONE).starts_with("^XA"));
        assert!(!png::render(&drawing).is_empty() && !template.placeholders().is_empty());
    }
}

#[test]
fn templates_of_a_folder_are_read_and_a_broken_one_keeps_none_away() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("good.toml", include_str!("../../../../configs/labels/serial.toml"));
    write("broken.toml", "name = ");
    write("not a name.toml", "");
    write("notes.txt", "");
    write("large.toml", &"#".repeat(70_000));
    let all = shelf::all(Some(folder.path())).unwrap();
    let found: Vec<_> = all.iter().map(|entry| (entry.id.as_str(), entry.result.is_ok())).collect();
    assert_eq!(found, [("broken", false), ("good", true), ("large", false)]);
    assert!(shelf::by_id(Some(folder.path()), "../good").unwrap().is_none());
    assert!(shelf::all(Some(&folder.path().join("none"))).is_err());
}
