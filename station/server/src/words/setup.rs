//! The words of the first start.

use super::words;

words! {
    /// What the set-up says.
    SetUpWords by setup {
        title: "Set up the station", "Station einrichten", "初始设置";
        intro: "There is no user yet. Make the first administrator.", "Es gibt noch keinen Benutzer. Legen Sie den ersten Administrator an.", "尚无用户。请创建第一个管理员。";
        code: "Set-up code", "Einrichtungscode", "设置码";
        code_hint: "It stands on the station's console, and in the file setup-code in its data folder.", "Er steht auf der Konsole der Station und in der Datei setup-code in ihrem Datenordner.", "见工站控制台，以及数据目录中的 setup-code 文件。";
        code_wrong: "The set-up code is wrong.", "Der Einrichtungscode ist falsch.", "设置码错误。";
        name: "Your name", "Ihr Name", "姓名";
        user: "Login name", "Anmeldename", "用户名";
        user_hint: "1 to 40 of a-z 0-9 . _ -", "1 bis 40 Zeichen aus a-z 0-9 . _ -", "1 至 40 个字符：a-z 0-9 . _ -";
        user_wrong: "This cannot be a login name.", "Das kann kein Anmeldename sein.", "该用户名不可用。";
        password: "Password", "Passwort", "密码";
        password_hint: "At least {} characters. A few words that you can remember are best.", "Mindestens {} Zeichen. Am besten sind einige Wörter, die Sie sich merken können.", "至少 {} 个字符。建议使用几个容易记住的词。";
        password_weak: "This cannot be the password: {}.", "Das kann nicht das Passwort sein: {}.", "该密码不可用：{}。";
        again: "Password again", "Passwort wiederholen", "再次输入密码";
        differ: "The two passwords differ.", "Die beiden Passwörter sind verschieden.", "两次输入的密码不一致。";
        submit: "Make the administrator", "Administrator anlegen", "创建管理员";
        trust: "This station's CA certificate", "CA-Zertifikat dieser Station", "本工站的 CA 证书";
        trust_hint: "Install it on this device, and the browser knows the station. Compare the fingerprint with the station's console first.", "Auf diesem Gerät installieren, dann kennt der Browser die Station. Vorher den Fingerabdruck mit der Konsole der Station vergleichen.", "将其安装到本设备后，浏览器即可信任本工站。安装前请与工站控制台上的指纹核对。";
    }
}
