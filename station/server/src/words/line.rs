//! The words of the line page.

use super::words;

words! {
    /// What the line page says. Places for values are `{}`.
    LineWords by line {
        title: "Line", "Linie", "产线";
        slots: "Slots", "Plätze", "工位";
        no_slots: "This station has no slots", "Diese Station hat keine Plätze", "本工站没有工位";
        no_slots_do: "Name its ports under [[slot]] in the configuration and start the station again.", "Die Anschlüsse unter [[slot]] in der Konfiguration eintragen und die Station neu starten.", "请在配置的 [[slot]] 中写入端口，然后重新启动工站。";

        waiting: "Insert unit", "Einlegen", "请放入产品";
        working: "Working", "In Arbeit", "进行中";
        late: "Over time", "Zu langsam", "超时";
        passed: "Passed", "Bestanden", "合格";
        failed: "Failed", "Fehler", "不合格";
        paused: "Paused", "Pausiert", "已暂停";
        stopped: "Needs you", "Braucht Sie", "需要处理";
        idle: "Not started", "Steht still", "未启动";
        stopping: "Stops after this unit", "Hält nach diesem Gerät", "本件完成后停止";
        busy: "Busy: {}", "Beschäftigt: {}", "占用中：{}";

        identify: "Identify", "Erkennen", "识别";
        prepare: "Prepare", "Vorbereiten", "准备";
        flash: "Flash", "Schreiben", "烧录";
        boot: "Boot", "Starten", "启动";
        provision: "Provision", "Anmelden am Dienst", "配置";
        connect: "Connect", "Verbinden", "连接";
        field_flash: "Flash field image", "Feldstand schreiben", "烧录正式固件";
        field_connect: "Connect again", "Erneut verbinden", "再次连接";
        attest: "Read back", "Rücklesen", "回读校验";

        unit: "Unit", "Gerät", "产品";
        serial: "Serial number", "Seriennummer", "序列号";
        attempt: "Attempt {}", "Versuch {}", "第 {} 次";
        usual: "usually {}", "üblich {}", "通常 {}";
        took: "took {}", "dauerte {}", "用时 {}";
        steps_done: "Step {} of {}", "Schritt {} von {}", "第 {} 步，共 {} 步";
        progress: "Progress", "Fortschritt", "进度";
        what_now: "What to do", "Was tun", "怎么办";
        stopped_by: "Stopped by {}", "Gestoppt von {}", "由 {} 停止";
        stopping_by: "{} stops it after this unit", "{} hält den Platz nach diesem Gerät an", "{} 将在本件后停止";
        retry_note: "Retry {} of {} after {}", "Wiederholung {} von {} nach {}", "第 {} 次重试（共 {} 次），原因 {}";
        baud_note: "{} baud, because {} does not hold", "{} Baud, weil {} nicht hält", "波特率 {}，因为 {} 不稳定";

        work_order: "Work order", "Auftrag", "工单";
        no_work_order: "No work order is in work", "Kein Auftrag in Arbeit", "没有进行中的工单";
        no_work_order_do: "Choose a work order and start it on the slots.", "Einen Auftrag wählen und auf den Plätzen starten.", "请选择工单并在工位上启动。";
        choose: "Choose a work order…", "Auftrag wählen …", "请选择工单…";
        done_of: "{} of {} done", "{} von {} fertig", "已完成 {} / {}";
        done: "{} done", "{} fertig", "已完成 {}";
        first_pass: "First-pass yield", "Erstdurchlauf-Quote", "直通率";
        in_work: "In work", "In Arbeit", "在制";
        state_paused: "Paused", "Pausiert", "已暂停";
        state_closed: "Closed", "Geschlossen", "已关闭";

        scan: "Scan or type", "Scannen oder tippen", "扫描或输入";
        scan_hint: "Serial number, work order, badge, slot or command", "Seriennummer, Auftrag, Ausweis, Platz oder Befehl", "序列号、工单、工牌、工位或命令";
        start: "Start", "Starten", "启动";
        stop: "Stop after unit", "Nach Gerät anhalten", "本件后停止";
        stop_now: "Stop now", "Sofort anhalten", "立即停止";
        retry: "Retry", "Wiederholen", "重试";
        quarantine: "Quarantine", "Sperren", "隔离";
        release: "Release", "Freigeben", "解除隔离";
        open_unit: "Open unit", "Gerät öffnen", "查看产品";
        whole_story: "Everything about this unit", "Alles zu diesem Gerät", "查看该产品全部记录";
        deselect: "Clear selection", "Auswahl aufheben", "取消选择";
        selected: "{} selected", "{} gewählt", "已选 {} 个";
        sound: "Sound", "Ton", "声音";
        help: "Help", "Hilfe", "帮助";
        commands: "Command barcodes", "Befehls-Barcodes", "命令条码";
        large: "Full screen", "Vollbild", "全屏";

        quarantine_ask: "Send the unit to quarantine?", "Gerät sperren?", "将该产品隔离？";
        quarantine_text: "It is refused on every slot until a person releases it.", "Es wird auf jedem Platz abgelehnt, bis es jemand freigibt.", "在有人解除之前，所有工位都将拒绝该产品。";
        release_ask: "Release the unit from quarantine?", "Gerät freigeben?", "解除该产品的隔离？";
        release_text: "It may run again; its earlier attempts no longer count.", "Es darf wieder laufen; frühere Versuche zählen nicht mehr.", "可以再次上线；之前的次数不再计算。";
        stop_ask: "Stop now?", "Sofort anhalten?", "立即停止？";
        stop_text: "The unit in work is cut off; this uses up no attempt.", "Das Gerät in Arbeit wird abgebrochen; das verbraucht keinen Versuch.", "正在进行的产品将被中断，不计入次数。";
        reason: "Reason", "Grund", "原因";
        scanned_reason: "scanned at the line", "an der Linie gescannt", "在产线扫码";

        not_live_since: "Not live since", "Nicht live seit", "画面停止更新于";
        not_live_text: "What you see may be out of date. The station goes on working; this page comes back by itself.", "Was Sie sehen, kann veraltet sein. Die Station arbeitet weiter; diese Seite kommt von selbst zurück.", "显示内容可能已过时。工站继续工作；页面会自动恢复。";

        started: "{} started on {}", "{} gestartet auf {}", "{} 已在 {} 启动";
        stop_asked: "{} stops after its unit", "{} hält nach dem Gerät an", "{} 将在本件后停止";
        stop_done: "{} is stopped", "{} ist angehalten", "{} 已停止";
        retrying: "{} runs again", "{} läuft erneut", "{} 正在重试";
        quarantine_done: "Unit {} is in quarantine", "Gerät {} ist gesperrt", "产品 {} 已隔离";
        release_done: "Unit {} is released", "Gerät {} ist freigegeben", "产品 {} 已解除隔离";
        slot_chosen: "Slot {} chosen", "Platz {} gewählt", "已选择工位 {}";
        order_chosen: "Work order {} chosen", "Auftrag {} gewählt", "已选择工单 {}";
        order_chosen_do: "Scan START, or press Start.", "START scannen oder Starten drücken.", "请扫描 START 或按启动。";
        unit_found: "Unit {}", "Gerät {}", "产品 {}";
        badge_found: "Badge read. Give the PIN.", "Ausweis gelesen. PIN eingeben.", "已读取工牌，请输入 PIN 码。";

        choose_slot: "Choose a slot first.", "Zuerst einen Platz wählen.", "请先选择工位。";
        choose_slot_why: "{} acts on a slot, and none is chosen.", "{} wirkt auf einen Platz, und keiner ist gewählt.", "{} 需要工位，但尚未选择。";
        choose_slot_do: "Scan or touch a slot, then give the command again.", "Einen Platz scannen oder antippen, dann den Befehl wiederholen.", "请扫描或点按工位，然后再次执行命令。";
        choose_order: "Choose a work order first.", "Zuerst einen Auftrag wählen.", "请先选择工单。";
        choose_order_why: "A slot starts on a work order, and none is chosen.", "Ein Platz startet auf einem Auftrag, und keiner ist gewählt.", "启动工位需要工单，但尚未选择。";
        choose_order_do: "Scan the work order, or choose it in the list.", "Den Auftrag scannen oder in der Liste wählen.", "请扫描工单或在列表中选择。";
        choose_unit: "There is no unit to act on.", "Es gibt kein Gerät dafür.", "没有可操作的产品。";
        choose_unit_why: "No unit is open, and none is known on the chosen slot.", "Kein Gerät ist geöffnet, und auf dem gewählten Platz ist keines bekannt.", "没有打开的产品，所选工位上也没有已知产品。";
        choose_unit_do: "Scan the unit, or choose its slot.", "Das Gerät scannen oder seinen Platz wählen.", "请扫描产品或选择其工位。";
        none_free: "No slot stands still.", "Kein Platz steht still.", "没有空闲的工位。";
        none_free_why: "Every slot works already, or is busy with something else.", "Jeder Platz arbeitet schon oder ist anderweitig beschäftigt.", "所有工位都在工作或被占用。";
        none_free_do: "Stop a slot first, or wait until one is free.", "Zuerst einen Platz anhalten oder warten, bis einer frei ist.", "请先停止一个工位，或等待工位空闲。";
        not_everywhere: "Not done on {}.", "Nicht geschehen auf {}.", "以下工位未执行：{}。";
        not_everywhere_done: "Done on {}.", "Geschehen auf {}.", "已执行：{}。";
        not_everywhere_do: "Look at each of these slots, then give the command again for it.", "Jeden dieser Plätze ansehen, dann den Befehl für ihn wiederholen.", "请逐一检查这些工位，然后对其再次执行命令。";
        no_such_slot: "There is no slot {}.", "Es gibt keinen Platz {}.", "没有工位 {}。";
        no_such_slot_why: "The station's configuration does not name it.", "Die Konfiguration der Station nennt ihn nicht.", "工站配置中没有该工位。";
        no_such_slot_do: "Check the name; the slots stand on the page.", "Den Namen prüfen; die Plätze stehen auf der Seite.", "请检查名称；工位显示在页面上。";
        unknown_scan: "“{}” is not known here.", "„{}“ ist hier nicht bekannt.", "不认识“{}”。";
        unknown_as_text: "It is no command, slot, open work order, unit or badge of this station.", "Es ist kein Befehl, Platz, offener Auftrag, Gerät oder Ausweis dieser Station.", "它不是本工站的命令、工位、工单、产品或工牌。";
        unknown_as_unit: "It reads as a unit's address, but no unit of that address is on record.", "Es liest sich als Geräteadresse, aber kein Gerät mit dieser Adresse ist verzeichnet.", "看起来是产品地址，但记录中没有该产品。";
        unknown_as_serial: "It reads as a serial number, but no unit on record has it.", "Es liest sich als Seriennummer, aber kein verzeichnetes Gerät hat sie.", "看起来是序列号，但记录中没有对应产品。";
        unknown_as_order: "It reads as a work order, but none of that name is on record.", "Es liest sich als Auftrag, aber keiner mit diesem Namen ist verzeichnet.", "看起来是工单，但记录中没有该工单。";
        unknown_as_badge: "It reads as a badge, but nobody has it.", "Es liest sich als Ausweis, aber niemand hat ihn.", "看起来是工牌，但不属于任何人。";
        unknown_do: "Scan it again; when it stays so, look at what the label says.", "Noch einmal scannen; bleibt es so, das Etikett prüfen.", "请重新扫描；如仍如此，请检查标签内容。";
        unreadable_scan: "The scan cannot be read.", "Der Scan ist nicht lesbar.", "无法读取扫描内容。";
        scan_empty: "Nothing was read.", "Es wurde nichts gelesen.", "没有读到内容。";
        scan_long: "It is longer than any code that is used here.", "Er ist länger als jeder Code, der hier benutzt wird.", "内容比这里使用的任何条码都长。";
        scan_garbled: "It holds characters that no code here has: a wrong keyboard layout, or a damaged label.", "Er enthält Zeichen, die kein Code hier hat: falsche Tastaturbelegung oder beschädigtes Etikett.", "包含本处条码不使用的字符：键盘布局错误或标签损坏。";
        order_not_open: "Work order {} takes no units.", "Auftrag {} nimmt keine Geräte an.", "工单 {} 不接收产品。";
        order_not_open_why: "It is {}.", "Er ist {}.", "其状态为{}。";
        order_not_open_do: "Ask the engineer to resume it, or scan another one.", "Den Ingenieur bitten, ihn fortzusetzen, oder einen anderen scannen.", "请联系工程师恢复该工单，或扫描其他工单。";
        scrap_elsewhere: "Scrapping is done on the unit's page.", "Verschrottet wird auf der Seite des Geräts.", "报废请在产品页面上操作。";
        scrap_elsewhere_why: "It is for ever, so that a scanned code is not enough.", "Es ist endgültig; ein gescannter Code genügt dafür nicht.", "报废不可撤销，仅扫码不足以执行。";
        scrap_elsewhere_do: "An engineer opens the unit and scraps it there.", "Ein Ingenieur öffnet das Gerät und verschrottet es dort.", "请工程师打开产品页面进行报废。";

        unknown_unit: "Unit {} is not on record.", "Gerät {} ist nicht verzeichnet.", "记录中没有产品 {}。";
        unknown_unit_why: "No unit of this address was ever seen by a station.", "Keine Station hat je ein Gerät mit dieser Adresse gesehen.", "没有任何工站见过该地址的产品。";
        unknown_unit_do: "Check the label, or put the unit into a slot.", "Das Etikett prüfen oder das Gerät einlegen.", "请检查标签，或将产品放入工位。";
        unit_in_work: "Unit {} is in work.", "Gerät {} ist in Arbeit.", "产品 {} 正在进行中。";
        unit_in_work_why: "A slot is working on it.", "Ein Platz arbeitet daran.", "某工位正在处理该产品。";
        unit_in_work_do: "Wait until the slot has finished, or stop the slot.", "Warten, bis der Platz fertig ist, oder den Platz anhalten.", "请等待工位完成，或停止该工位。";
        in_quarantine_already: "Unit {} is in quarantine already.", "Gerät {} ist bereits gesperrt.", "产品 {} 已被隔离。";
        in_quarantine_why: "Somebody set it aside before.", "Es wurde schon zuvor beiseitegelegt.", "之前已被隔离。";
        in_quarantine_do: "Nothing is left to do; release it to let it run again.", "Es ist nichts zu tun; zum erneuten Lauf freigeben.", "无需操作；如需再次上线请先解除隔离。";
        not_in_quarantine: "Unit {} is not in quarantine.", "Gerät {} ist nicht gesperrt.", "产品 {} 不在隔离中。";
        not_in_quarantine_why: "Only what is set aside can be released.", "Nur was gesperrt ist, kann freigegeben werden.", "只有被隔离的产品才能解除。";
        not_in_quarantine_do: "Nothing is left to do; the unit may run.", "Es ist nichts zu tun; das Gerät darf laufen.", "无需操作；该产品可以上线。";
        was_scrapped: "Unit {} was scrapped.", "Gerät {} wurde verschrottet.", "产品 {} 已报废。";
        was_scrapped_why: "That is for ever.", "Das ist endgültig.", "报废不可撤销。";
        was_scrapped_do: "Take another unit.", "Ein anderes Gerät nehmen.", "请换一个产品。";
        reason_missing: "A reason is missing.", "Ein Grund fehlt.", "缺少原因。";
        reason_missing_why: "Whoever reads the record later needs to know why.", "Wer das Protokoll später liest, muss wissen, warum.", "日后查看记录的人需要知道原因。";
        reason_missing_do: "Give a reason, then do it again.", "Einen Grund angeben, dann wiederholen.", "请填写原因后重试。";

        scrapped: "Scrapped", "Verschrottet", "已报废";
        in_quarantine: "In quarantine", "Gesperrt", "隔离中";
        not_tried: "Not finished yet", "Noch nicht fertig", "尚未完成";
        hold_reason: "Why", "Warum", "原因";
        hold_by: "By", "Von", "操作人";
        attempts: "Attempts", "Versuche", "次数";
        last_run: "Last run", "Letzter Lauf", "最近一次";
        on_slot: "On slot {}", "Auf Platz {}", "在工位 {}";
        fault: "Fault", "Ursache bei", "责任方";
        next: "Next", "Nächster Schritt", "下一步";

        sheet_title: "Command barcodes", "Befehls-Barcodes", "命令条码";
        sheet_text: "Print this page and hang it beside the line. Every command is there twice: as Code 128 for line scanners and as QR code for imagers.", "Diese Seite drucken und an der Linie aufhängen. Jeder Befehl steht zweimal da: als Code 128 für Zeilenscanner und als QR-Code für Kamerascanner.", "打印本页并挂在产线旁。每个命令有两种条码：一维扫描枪用 Code 128，图像扫描枪用 QR 码。";
        sheet_print: "Print", "Drucken", "打印";
        sheet_slots: "Slots", "Plätze", "工位";
        sheet_orders: "Work orders", "Aufträge", "工单";
        help_start: "Start the chosen slots, or all of them, on the chosen work order", "Die gewählten oder alle Plätze auf dem gewählten Auftrag starten", "在所选工单上启动所选或全部工位";
        help_stop: "Stop the chosen slots after their unit", "Die gewählten Plätze nach ihrem Gerät anhalten", "所选工位在本件后停止";
        help_stop_now: "Stop the chosen slots at once", "Die gewählten Plätze sofort anhalten", "立即停止所选工位";
        help_retry: "Run the unit in the chosen slots again", "Das Gerät in den gewählten Plätzen noch einmal laufen lassen", "重新运行所选工位中的产品";
        help_quarantine: "Send the unit to quarantine", "Das Gerät sperren", "隔离该产品";
        help_release: "Release the unit from quarantine", "Das Gerät freigeben", "解除该产品的隔离";
        help_all: "Choose all slots", "Alle Plätze wählen", "选择全部工位";
        help_clear: "Choose no slot, close what is open", "Keinen Platz wählen, Offenes schließen", "取消选择并关闭窗口";
        help_help: "Show this help", "Diese Hilfe zeigen", "显示本帮助";
        help_arrows: "Move the choice from slot to slot", "Die Auswahl von Platz zu Platz bewegen", "在工位之间移动选择";
        help_open: "Open the unit in the chosen slot", "Das Gerät im gewählten Platz öffnen", "查看所选工位的产品";
        help_text: "The scan field takes every key, wherever you are on the page. Scan a unit, a work order, your badge, a slot or a command, or type it and press Enter. A command may name its slot: RETRY A1.", "Das Scanfeld nimmt jede Taste an, egal wo Sie auf der Seite sind. Gerät, Auftrag, Ausweis, Platz oder Befehl scannen, oder tippen und Enter drücken. Ein Befehl darf seinen Platz nennen: RETRY A1.", "无论光标在哪里，扫描框都会接收输入。可扫描产品、工单、工牌、工位或命令，也可输入后按回车。命令可带工位，例如 RETRY A1。";
        key: "Key", "Taste", "按键";
        command: "Command", "Befehl", "命令";
        what_it_does: "What it does", "Wirkung", "作用";
    }
}
