//! The words of the login.

use super::words;

words! {
    /// What the login says.
    LoginWords by login {
        title: "Log in", "Anmelden", "登录";
        user: "Login name", "Anmeldename", "用户名";
        password: "Password", "Passwort", "密码";
        submit: "Log in", "Anmelden", "登录";
        badge: "Badge", "Ausweis", "工牌";
        badge_hint: "Scan your badge, then give your PIN.", "Ausweis scannen, dann die PIN eingeben.", "请扫描工牌，然后输入 PIN 码。";
        pin: "PIN", "PIN", "PIN 码";
        with_badge: "Log in with a badge", "Mit Ausweis anmelden", "使用工牌登录";
        with_password: "Log in with a password", "Mit Passwort anmelden", "使用密码登录";
        language: "Language", "Sprache", "语言";
        wrong: "Name or password is wrong.", "Name oder Passwort ist falsch.", "用户名或密码错误。";
        wrong_badge: "Badge or PIN is wrong.", "Ausweis oder PIN ist falsch.", "工牌或 PIN 码错误。";
        wait: "Too many attempts. Wait {} seconds, then try again.", "Zu viele Versuche. {} Sekunden warten, dann erneut versuchen.", "尝试次数过多。请等待 {} 秒后重试。";
        disabled: "This login is disabled. Ask an administrator.", "Diese Anmeldung ist gesperrt. Bitte den Administrator fragen.", "该账户已停用。请联系管理员。";
        ended: "Your session has ended. Log in again.", "Ihre Sitzung ist beendet. Bitte erneut anmelden.", "会话已结束。请重新登录。";
        logged_out: "You are logged out.", "Sie sind abgemeldet.", "您已退出登录。";
    }
}
