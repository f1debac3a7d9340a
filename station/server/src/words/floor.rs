//! What the floor refuses, in other languages. The line says it in English, once; here stand its sentences with places for
//! what they name. One that is not here stays English.

use firstpass_domain::Language;

use super::fill;

/// English, German, Simplified Chinese.
const SENTENCES: [[&str; 3]; 29] = [
    ["Slot {} is at work.", "Platz {} arbeitet.", "工位 {} 正在工作。"],
    ["It works on a batch.", "Er arbeitet an einem Auftrag.", "它正在处理一个批次。"],
    ["Stop the slot first.", "Den Platz zuerst anhalten.", "请先停止该工位。"],
    ["It works on the batch {}.", "Er arbeitet am Auftrag {}.", "它正在处理批次 {}。"],
    [
        "Stop the slot, then start it on this one.",
        "Den Platz anhalten, dann mit diesem Auftrag starten.",
        "请停止该工位，然后用本批次启动。",
    ],
    ["Slot {} is about to stop.", "Platz {} hält gleich an.", "工位 {} 即将停止。"],
    [
        "It ends the unit that is in work first.",
        "Das Gerät in Arbeit wird zuerst zu Ende gebracht.",
        "它会先完成正在处理的产品。",
    ],
    ["Wait until it has stopped.", "Warten, bis er angehalten hat.", "请等它停止。"],
    ["It is busy with this: {}.", "Er ist beschäftigt mit: {}.", "它正忙于：{}。"],
    ["Slot {} is busy.", "Platz {} ist beschäftigt.", "工位 {} 正忙。"],
    [
        "Wait until that is over, or stop the slot.",
        "Warten, bis das vorbei ist, oder den Platz anhalten.",
        "请等待结束，或停止该工位。",
    ],
    ["Slot {} has a unit in work.", "Auf Platz {} ist ein Gerät in Arbeit.", "工位 {} 正在处理产品。"],
    ["Run {} is under way.", "Der Lauf {} ist im Gang.", "测试 {} 正在进行。"],
    [
        "Wait for its end, or stop the slot.",
        "Das Ende abwarten oder den Platz anhalten.",
        "请等待其结束，或停止该工位。",
    ],
    ["Slot {} is stopped.", "Platz {} ist angehalten.", "工位 {} 已停止。"],
    ["It works on no batch.", "Er arbeitet an keinem Auftrag.", "它没有处理任何批次。"],
    ["Start the slot on a batch.", "Den Platz mit einem Auftrag starten.", "请用一个批次启动该工位。"],
    [
        "There is nothing to try again on slot {}.",
        "Auf Platz {} gibt es nichts zu wiederholen.",
        "工位 {} 没有可重试的产品。",
    ],
    [
        "A unit can be tried again while it is in the slot in which it failed.",
        "Ein Gerät kann wiederholt werden, solange es auf dem Platz ist, auf dem es durchgefallen ist.",
        "产品只有留在其失败的工位上时才能重试。",
    ],
    [
        "Put the unit in; the slot takes it by itself.",
        "Das Gerät einlegen; der Platz nimmt es von selbst.",
        "请放入产品，工位会自动开始。",
    ],
    ["There is no batch {}.", "Es gibt keinen Auftrag {}.", "没有批次 {}。"],
    ["Nothing on record has this id.", "Nichts im Protokoll hat diese Kennung.", "记录中没有此编号。"],
    ["Choose a batch from the list.", "Einen Auftrag aus der Liste wählen.", "请从列表中选择一个批次。"],
    ["The batch {} is closed.", "Der Auftrag {} ist abgeschlossen.", "批次 {} 已关闭。"],
    ["On record: {}.", "Im Protokoll: {}.", "记录：{}。"],
    [
        "Open one for further units, and start the slots on that.",
        "Für weitere Geräte einen neuen eröffnen und die Plätze damit starten.",
        "请为后续产品新建批次，并用它启动工位。",
    ],
    [
        "The recipe of the batch {} is not at hand.",
        "Das Rezept des Auftrags {} ist nicht zur Hand.",
        "批次 {} 的配方不可用。",
    ],
    [
        "No recipe in {}, with its images, is the one that it was opened for.",
        "Kein Rezept in {} ist, mit seinen Images, das, für das er eröffnet wurde.",
        "{} 中没有与该批次开启时一致的配方及镜像。",
    ],
    [
        "Put recipe and images back as they were, or open a batch for the recipe as it is now.",
        "Rezept und Images wiederherstellen, wie sie waren, oder einen Auftrag für das heutige Rezept eröffnen.",
        "请将配方和镜像恢复原样，或按现在的配方新建批次。",
    ],
];

/// A sentence of the floor in this language; as it is, when nobody has written it.
pub(crate) fn floor(english: &str, language: Language) -> String {
    let column = match language {
        Language::English => return english.to_owned(),
        Language::German => 1,
        Language::SimplifiedChinese => 2,
    };
    let found = SENTENCES.iter().find_map(|sentence| Some((sentence, values(english, sentence[0])?)));
    found.map_or_else(|| english.to_owned(), |(sentence, value)| fill(sentence[column], &[value]))
}

/// What stands in the place of a pattern, if the text is one of it; nothing where it has no place.
fn values<'a>(text: &'a str, pattern: &str) -> Option<&'a str> {
    match pattern.split_once("{}") {
        Some((before, after)) => text.strip_prefix(before)?.strip_suffix(after),
        None => (text == pattern).then_some(""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sentence_names_in_every_language_what_it_names_in_english() {
        for sentence in SENTENCES {
            let places = sentence.map(|text| text.matches("{}").count());
            assert!(places[0] <= 1 && places == [places[0]; 3], "{sentence:?}");
            let english = fill(sentence[0], &["A1"]);
            assert_eq!(floor(&english, Language::German), fill(sentence[1], &["A1"]));
        }
    }

    #[test]
    fn every_sentence_is_one_that_the_floor_says() {
        let source = include_str!("../../../line/src/floor/refusal.rs");
        // What is put into a sentence has a name there, or none.
        let is_name = |place: &str| place.chars().all(|c| c.is_alphanumeric() || c == '_');
        let mut pieces = source.split('{');
        let mut said = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            match piece.split_once('}') {
                Some((place, after)) if is_name(place) => said.extend(["{}", after]),
                Some(_) | None => said.extend(["{", piece]),
            }
        }
        for [english, ..] in SENTENCES {
            assert!(said.contains(&format!("\"{english}\"")), "{english}");
        }
    }

    #[test]
    fn a_sentence_that_nobody_wrote_stays_as_it_is() {
        assert_eq!(floor("The disk is full.", Language::German), "The disk is full.");
    }
}
