//! The words around every page.

use super::words;

words! {
    /// What the frame of a page says.
    Frame by frame {
        skip: "Skip to the content", "Zum Inhalt springen", "跳到正文";
        sections: "Sections", "Bereiche", "栏目";
        line: "Line", "Linie", "产线";
        batches: "Batches", "Aufträge", "批次";
        units: "Units", "Geräte", "产品";
        audit: "Audit", "Protokoll", "审计";
        engineering: "Engineering", "Technik", "工程";
        people: "People", "Personen", "人员";
        account: "My account", "Mein Konto", "我的账户";
        switch: "Switch person", "Person wechseln", "切换人员";
        log_out: "Log out", "Abmelden", "退出登录";
        live: "Live", "Live", "实时";
        connecting: "Connecting…", "Verbinde …", "正在连接…";
        lost: "Not live", "Nicht live", "已断线";
        messages: "Messages", "Meldungen", "消息";
        close: "Close", "Schließen", "关闭";
        cancel: "Cancel", "Abbrechen", "取消";
        failed: "That did not work.", "Das hat nicht funktioniert.", "操作未成功。";
        again: "Try again.", "Bitte erneut versuchen.", "请重试。";
        unreachable: "The station does not answer.", "Die Station antwortet nicht.", "工站没有应答。";
        unreachable_why: "The connection was lost, or the station has stopped.", "Die Verbindung ist unterbrochen, oder die Station wurde beendet.", "连接已断开，或工站已停止。";
        unreachable_remedy: "Check the network, then try again.", "Das Netzwerk prüfen, dann erneut versuchen.", "请检查网络，然后重试。";
        operator: "Operator", "Bediener", "操作员";
        engineer: "Engineer", "Ingenieur", "工程师";
        auditor: "Auditor", "Prüfer", "审计员";
        admin: "Administrator", "Administrator", "管理员";
    }
}
