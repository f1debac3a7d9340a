//! The German words.

use super::{Words, entry};
use crate::{
    DiagnosisCode as Code, NextAction,
    diagnosis::{Owner, Phase, line::Expected},
};

pub(super) const fn words(code: Code) -> Words {
    match code {
        Code::PortBusy => entry(
            "Der Anschluss ist belegt.",
            "Ein anderes Programm hält ihn offen.",
            "Das andere Programm schließen oder sein Ende abwarten, dann erneut versuchen.",
        ),
        Code::PortGone => entry(
            "Der Anschluss ist verschwunden.",
            "Adapter oder Gerät wurde abgezogen, oder das Kabel hat einen Wackelkontakt.",
            "Das Gerät wieder anstecken; bei Wiederholung auf diesem Platz das Kabel tauschen.",
        ),
        Code::PortUnusable => entry(
            "Der Anschluss ist nicht benutzbar.",
            "Der Pfad ist keine serielle Schnittstelle, oder dieser Benutzer darf ihn nicht öffnen.",
            "Den Anschluss des Platzes in der Konfiguration prüfen, und ob der Benutzer in der Gruppe ist, der er gehört.",
        ),
        Code::FixtureFailed => entry(
            "Die Aufnahme hat das Gerät nicht zurückgesetzt.",
            "Ihr Steuerkanal antwortete nicht oder lehnte den Befehl ab.",
            "Stromversorgung und Steuerverbindung der Aufnahme prüfen.",
        ),
        Code::NoAnswer => entry(
            "Das Gerät antwortet nicht.",
            "Der Lader des Chips sandte nichts zurück: kein Strom, nicht im Download-Modus, oder TX und RX haben keinen Kontakt.",
            "Das Gerät neu einsetzen und die Federstifte prüfen; dann ein anderes Gerät auf diesem Platz versuchen.",
        ),
        Code::LinkGarbled => entry(
            "Die Antworten des Geräts kommen beschädigt an.",
            "Zwischen Gerät und Station gingen Bytes verloren oder wurden verändert, bei jeder versuchten Baudrate.",
            "Kabel und Masse prüfen; dann ein anderes Gerät auf diesem Platz versuchen.",
        ),
        Code::LoaderRejected => entry(
            "Der Lader des Chips lehnte einen Befehl ab.",
            "Er antwortete mit einem Fehler.",
            "Erneut versuchen; bleibt es dabei, das Gerät zur Reparatur geben.",
        ),
        Code::WrongChip => entry(
            "Das ist ein anderer Chip als der des Rezepts.",
            "Die Abbilder dieses Rezepts laufen nicht auf ihm.",
            "Prüfen, ob das richtige Produkt auf der Linie ist, oder das Rezept für diesen Chip wählen.",
        ),
        Code::RevisionTooOld => entry(
            "Die Chip-Revision ist für dieses Rezept zu alt.",
            "Die Abbilder brauchen eine neuere Revision.",
            "Das Gerät beiseitelegen und der Linientechnik sagen, aus welcher Modulcharge es stammt.",
        ),
        Code::WrongFlashSize => entry(
            "Der Flash hat eine andere Größe, als das Rezept verlangt.",
            "Ein anderer Flash-Chip ist bestückt, oder er antwortet nicht richtig.",
            "Das Gerät beiseitelegen und der Linientechnik sagen, aus welcher Modulcharge es stammt.",
        ),
        Code::SecurityEnabled => entry(
            "Secure Boot, Flash-Verschlüsselung oder Secure Download ist bereits aktiv.",
            "Die eFuses dieses Geräts wurden schon gebrannt; die offenen Abbilder des Rezepts können darauf nicht laufen oder nicht geprüft werden.",
            "Das Gerät beiseitelegen; es lässt sich nicht wieder leeren.",
        ),
        Code::OtherUnit => entry(
            "Es antwortet ein anderes Gerät als das, mit dem der Lauf begann.",
            "Die nach dem Wiederverbinden gelesene MAC weicht ab.",
            "Während eines Laufs keine Geräte tauschen; mit diesem Gerät neu beginnen.",
        ),
        Code::AttemptsUsedUp => entry(
            "Dieses Gerät hat seine Versuche verbraucht.",
            "Das Rezept begrenzt die Läufe eines Geräts.",
            "Das Gerät in die Nacharbeit geben.",
        ),
        Code::PassedBefore => entry(
            "Dieses Gerät hat schon bestanden.",
            "Ein Gerät mit dieser MAC steht als bestanden in den Aufzeichnungen; ein neuer Lauf machte seine Zugangsdaten ungültig.",
            "Zu den fertigen Geräten legen; soll es erneut laufen, das im Rezept erlauben (known_unit).",
        ),
        Code::InWorkElsewhere => entry(
            "Dieses Gerät ist auf einem anderen Platz in Arbeit.",
            "Zwei Plätze lasen dieselbe MAC: ein geklontes Modul, oder ein Kabel auf zwei Plätzen.",
            "Eines der beiden Geräte beiseitelegen und die Linientechnik rufen.",
        ),
        Code::QuotaReached => entry(
            "Die Stückzahl des Auftrags ist erreicht.",
            "So viele Geräte, wie der Auftrag zulässt, haben einen Platz in ihm; ein Gerät in Quarantäne behält seinen.",
            "Geräte verschrotten, die nicht geliefert werden, Stückzahl oder Kontingent mit `station batch change` erhöhen, oder den Auftrag schließen.",
        ),
        Code::FlashVerifyFailed => entry(
            "Im Flash steht nicht, was geschrieben wurde.",
            "Die vom Chip berechnete MD5 eines Bereichs weicht vom Abbild ab: schlechter Flash oder Störung auf der Leitung.",
            "Einmal wiederholen; bleibt es dabei, ist der Flash-Chip schlecht: in die Nacharbeit geben.",
        ),
        Code::BootSilent => entry(
            "Das Gerät gibt nach dem Reset nichts aus.",
            "Es startete nicht, seine TX-Leitung hat keinen Kontakt, oder es protokolliert nicht mit 115200 Baud.",
            "Das Gerät neu einsetzen und seinen TX-Stift prüfen.",
        ),
        Code::BootImageInvalid => entry(
            "Der Bootlader verweigert das Abbild im Flash.",
            "Was im Flash steht, ist beschädigt oder kein Abbild für diesen Chip.",
            "Das Gerät erneut laufen lassen; bleibt es dabei, in die Nacharbeit geben.",
        ),
        Code::BootAppMissing => entry(
            "Die Anwendung ist nicht gestartet.",
            "Das Gerät gab nach dem Reset etwas aus, aber der Bootlader lud keine Anwendung.",
            "Das Protokoll des Geräts ansehen; prüfen, ob die Abbilder des Rezepts zusammengehören.",
        ),
        Code::DownloadMode => entry(
            "Das Gerät wartet auf einen Download, statt zu laufen.",
            "Sein Boot-Anschluss wird nach dem Reset auf Masse gehalten.",
            "Den Boot-Stift der Aufnahme prüfen.",
        ),
        Code::BootLoop => entry(
            "Das Gerät startet immer wieder neu.",
            "Die Anwendung ist abgestürzt, oder das Gerät setzte sich selbst zurück.",
            "Das Gerät in die Nacharbeit geben; die Linientechnik findet Absturz und Aufrufkette im Protokoll.",
        ),
        Code::AppSilent => entry(
            "Die Anwendung startete und schwieg dann.",
            "Sie wurde geladen, gab aber keine Zeile des Gerätevertrags rechtzeitig aus.",
            "Prüfen, ob das Rezept die richtige Firmware nennt; sonst das Gerät in die Nacharbeit geben.",
        ),
        Code::UartNoise => entry(
            "Das Protokoll des Geräts ist Rauschen.",
            "Am UART kamen Bytes an, und keines ist lesbar: Masse, Kontakt von TX oder Baudrate.",
            "Masse- und TX-Stift dieses Platzes prüfen, und ob die Anwendung mit 115200 Baud schreibt; dann ein anderes Gerät nehmen.",
        ),
        Code::AppHung => entry(
            "Eine Task der Anwendung hängt.",
            "Der Task-Watchdog schlug an: eine Task gab den Prozessor nicht frei oder wartet ewig.",
            "Die Tasks ansehen, die das Protokoll unter dieser Zeile nennt; Firmware benutzen, in der sie abgeben.",
        ),
        Code::NetworkFailed => entry(
            "Das Gerät bekommt kein Netz.",
            "Es verlor sein Netz oder bekam nie eines, und sein Protokoll sagt nicht, warum.",
            "Zugangspunkt sowie WLAN-Name und Passwort des Rezepts prüfen; dann die Antenne des Geräts.",
        ),
        Code::ProvisionImpossible => entry(
            "Das Gerät hat weder Code noch vollständige Sitzung.",
            "Seine Firmware liest nicht, was die Linie in den NVS schrieb.",
            "Namensraum und Schlüssel im Rezept mit der Firmware vergleichen.",
        ),
        Code::ProvisionRefused => entry(
            "Der Provisionierungsserver wies das Gerät ab.",
            "Der Code war unbekannt, verbraucht oder an ein anderes Gerät gebunden, oder die Anfrage war fehlerhaft.",
            "Das Gerät mit frischem Code erneut laufen lassen; bleibt es dabei, den Arbeitsbereich im Rezept prüfen.",
        ),
        Code::ProvisionTransport => entry(
            "Das Gerät erreichte den Provisionierungsserver nicht.",
            "Die Verbindung wurde abgelehnt, oder niemand antwortete rechtzeitig.",
            "Prüfen, ob das Netz des Geräts zur Station reicht: Adresse, Port und Firewall.",
        ),
        Code::ProvisionUnreadable => entry(
            "Das Gerät konnte die Provisionierungsantwort nicht lesen.",
            "Die Antwort war abgeschnitten oder nicht das erwartete JSON.",
            "Prüfen, ob der eingestellte Dienst ein kompatibler ist.",
        ),
        Code::ProvisionTimedOut => entry(
            "Das Gerät wurde nicht rechtzeitig provisioniert.",
            "Die Anwendung läuft, aber keine Anfrage kam an und gelang.",
            "Das Protokoll des Geräts ansehen; sein Netz prüfen.",
        ),
        Code::ProvisionUnexpected => entry(
            "Das Gerät tat nicht, was seine Bestückung verlangt.",
            "Ein Gerät mit Sitzung provisionierte trotzdem, übersprang es trotz Code, oder nennt einen anderen Benutzer.",
            "Prüfen, ob Rezept und Firmware zusammengehören.",
        ),
        Code::MqttRefused => entry(
            "Der Broker lehnte die Anmeldung des Geräts ab.",
            "Benutzername, Passwort, Client-ID oder Zertifikat im NVS sind nicht, was der Broker erwartet, zum Beispiel nach einem Zurücksetzen in der Konsole.",
            "Das Gerät mit einem Code neu provisionieren (`station units reprovision`), oder seinen NVS löschen und es erneut laufen lassen.",
        ),
        Code::TopicDenied => entry(
            "Das Gerät benutzte ein Topic, das es nicht benutzen darf.",
            "Seine Topics oder Filter passen nicht zur Zugriffsliste, etwa `commands` statt `cmd/#`.",
            "Firmware verwenden, deren Topics zur Zugriffsliste passen.",
        ),
        Code::MqttTransport => entry(
            "Das Gerät erreichte den Broker nicht.",
            "Die Verbindung wurde abgelehnt, oder niemand antwortete rechtzeitig.",
            "Prüfen, ob das Netz des Geräts zum Broker reicht: Adresse, Port und Firewall.",
        ),
        Code::MqttDropped => entry(
            "Das Gerät verband sich und verlor die Verbindung wieder.",
            "Sie endete, bevor das Gerät bewies, dass es funktioniert.",
            "Den Grund in der Aufzeichnung ansehen; Versorgung und Netz des Geräts prüfen.",
        ),
        Code::MqttTimedOut => entry(
            "Das Gerät meldete sich nicht rechtzeitig beim Broker an.",
            "Es wurde provisioniert, und dann kam keine Anmeldung.",
            "Das Protokoll des Geräts ansehen; die Firmware prüfen.",
        ),
        Code::CertificateMissing => entry(
            "Das Gerät zeigte nicht sein eigenes Client-Zertifikat.",
            "Das Rezept verlangt eines, und die Verbindung kam ohne oder mit einem anderen.",
            "Prüfen, ob die Firmware das Zertifikat speichert und vorzeigt.",
        ),
        Code::WrongFirmware => entry(
            "Es läuft eine andere Firmware als die aufgespielte.",
            "Version oder Hash in der Antwort des Geräts weichen vom Abbild des Rezepts ab.",
            "Nach einer zweiten Anwendungspartition oder einem Update gleich nach dem Provisionieren suchen.",
        ),
        Code::OtaFailed => entry(
            "Das Firmware-Update des Geräts schlug fehl.",
            "Dem Gerät wurde nach dem Provisionieren Firmware angeboten, und es konnte sie nicht einspielen.",
            "URL und Hash des Updates prüfen, oder Updates im Rezept abschalten.",
        ),
        Code::FlashChanged => entry(
            "Im Flash steht nicht mehr, was geschrieben wurde.",
            "Die MD5 eines Bereichs am Ende weicht von der nach dem Schreiben ab.",
            "Das Gerät in die Nacharbeit geben; zeigen es viele, schreibt die Firmware, wo sie nicht darf.",
        ),
        Code::NvsUnreadable => entry(
            "Die Sitzung im Flash ist nicht lesbar.",
            "Die NVS-Partition enthält nach dem Provisionieren keine lesbare Sitzung.",
            "Den NVS des Geräts löschen und es erneut laufen lassen; bleibt es dabei, in die Nacharbeit geben.",
        ),
        Code::SessionMismatch => entry(
            "Die Sitzung im Flash ist nicht die aufgezeichnete.",
            "Das Gerät speicherte andere Zugangsdaten, als es bekam.",
            "Den NVS des Geräts löschen und es erneut laufen lassen.",
        ),
        Code::CodeLeftBehind => entry(
            "Der Werkscode steht noch im Flash des Geräts.",
            "Die Firmware löschte den Code nach dem Provisionieren nicht.",
            "Firmware verwenden, die ihren Code löscht, oder es im Rezept erlauben (keep_auth_code).",
        ),
        Code::UnitFloods => entry(
            "Das Gerät sendet ohne Ende.",
            "Es meldete mehr als jedes gesunde Gerät.",
            "Das Gerät vom Platz nehmen und in die Nacharbeit geben; seine Firmware prüfen.",
        ),
        Code::StepTimedOut => entry(
            "Ein Schritt wurde nicht rechtzeitig fertig.",
            "Die Station wartete nicht länger.",
            "Das Gerät erneut laufen lassen; bleibt es dabei, den Platz prüfen.",
        ),
        Code::Interrupted => entry(
            "Die Station hielt an, während das Gerät in Arbeit war.",
            "Stromausfall, Absturz oder Neustart der Station beendete den Lauf vor dem Urteil.",
            "Das Gerät erneut laufen lassen; sein alter Code ist ungültig.",
        ),
        Code::Cancelled => entry(
            "Der Lauf wurde von einer Person angehalten.",
            "Jemand beendete den Auftrag, während das Gerät in Arbeit war.",
            "Das Gerät erneut laufen lassen; sein alter Code ist ungültig.",
        ),
        Code::FlashSilent => entry(
            "Der Flash-Chip antwortet nicht.",
            "Seine Kennung liest sich als lauter Einsen oder Nullen, wie bei schlechter Lötstelle, fehlendem Chip oder Kurzschluss.",
            "Das Gerät zur Reparatur seines Flash-Chips beiseitelegen.",
        ),
        Code::BrownOut => entry(
            "Die Versorgungsspannung des Geräts bricht ein.",
            "Die Unterspannungserkennung setzte es zurück: Netzteil, Kabel oder Kontakt ist zu schwach.",
            "Versorgung und Stifte des Platzes prüfen; läuft hier ein anderes Gerät, dieses in die Nacharbeit geben.",
        ),
        Code::PortMoved => entry(
            "Der Anschluss heißt jetzt anders und wurde nicht wiedergefunden.",
            "Der Adapter wurde abgezogen und anderswo angesteckt, oder der USB-Hub startete neu.",
            "Den Adapter in seine eigene Buchse stecken; den Anschluss in der Konfiguration nach seinem Ort benennen (by-path).",
        ),
        Code::AlreadyProvisioned => entry(
            "Das Gerät trägt schon eine fremde Sitzung.",
            "Sein NVS enthält vollständige Zugangsdaten, die diese Station nicht ausgestellt hat.",
            "Das Gerät beiseitelegen; die Linientechnik klärt, woher es kommt.",
        ),
        Code::Quarantined => entry(
            "Das Gerät ist in Quarantäne.",
            "Es fiel auf eine Weise durch, die sich erst ein Mensch ansehen muss.",
            "Zur Linientechnik bringen, die es mit Begründung freigibt oder verschrottet.",
        ),
        Code::Scrapped => entry(
            "Das Gerät wurde verschrottet.",
            "Sein Zertifikat, seine Sitzungen und Codes sind für immer ungültig.",
            "Aus der Linie nehmen und zum Schrott legen.",
        ),
        Code::BatchAttemptsUsedUp => entry(
            "Dieses Gerät hat seine Versuche in diesem Auftrag verbraucht.",
            "Das Rezept begrenzt die Läufe eines Geräts je Auftrag.",
            "Das Gerät in die Nacharbeit geben; in einem anderen Auftrag darf es laufen.",
        ),
        Code::WifiNotFound => entry(
            "Das Gerät findet sein WLAN nicht.",
            "Kein Zugangspunkt dieses Namens ist in Reichweite, oder sein Signal ist zu schwach.",
            "Prüfen, ob der Zugangspunkt an und der WLAN-Name im Rezept richtig ist; dann die Antenne des Geräts.",
        ),
        Code::WifiRefused => entry(
            "Das WLAN lässt das Gerät nicht hinein.",
            "Das Passwort ist falsch, oder das Netz verlangt eine andere Art von Sicherheit.",
            "WLAN-Passwort im Rezept und Sicherheitseinstellung des Zugangspunkts prüfen.",
        ),
        Code::DhcpSilent => entry(
            "Das Gerät ist im WLAN und bekommt keine Adresse.",
            "Kein DHCP-Server antwortet, oder er hat keine Adresse mehr frei.",
            "DHCP-Server des Netzes und seinen Adressbereich prüfen.",
        ),
        Code::DnsFailed => entry(
            "Das Gerät kann den Namen des Servers nicht auflösen.",
            "Der Namensserver des Netzes antwortet nicht oder kennt den Namen nicht.",
            "DNS des Netzes sowie die Rechnernamen in Rezept und Konfiguration prüfen.",
        ),
        Code::CaptivePortal => entry(
            "Ein anderer antwortet anstelle des Servers.",
            "Das Netz hat eine Anmeldeseite oder einen Proxy: das Gerät bekam Antwort, aber nicht von dieser Station.",
            "Den Geräten ein Netz ohne Anmeldeseite und Proxy geben.",
        ),
        Code::TlsUnknownCa => entry(
            "Das Gerät vertraut dem Zertifikat des Servers nicht.",
            "Die CA im Gerät ist nicht die, die das Serverzertifikat unterschrieb.",
            "Die Wurzel dieser Station (`station ca show --root-pem`) in Rezept oder Firmware eintragen.",
        ),
        Code::TlsWrongName => entry(
            "Das Zertifikat des Servers gilt für einen anderen Namen.",
            "Der Rechner in der URL des Geräts ist keiner der Namen im Zertifikat.",
            "In Rezept und Stationskonfiguration denselben Rechnernamen verwenden.",
        ),
        Code::TlsExpired => entry(
            "Das Zertifikat des Servers ist abgelaufen, sagt das Gerät.",
            "Der antwortende Server zeigt ein altes Zertifikat, oder die Uhr des Geräts geht vor.",
            "Das Zertifikat jenes Servers erneuern; die Uhren prüfen.",
        ),
        Code::TlsNotYetValid => entry(
            "Das Zertifikat des Servers gilt noch nicht, sagt das Gerät.",
            "Der antwortende Server zeigt ein Zertifikat der Zukunft, oder die Uhr des Geräts geht nach.",
            "Prüfen, ob das Gerät seine Zeit bekommt, und die Uhr jenes Servers.",
        ),
        Code::UnitClockWrong => entry(
            "Die Uhr des Geräts geht falsch.",
            "Es lehnt ein Zertifikat wegen der Daten ab, das nach der Uhr der Station gültig ist.",
            "Prüfen, ob das Gerät vor TLS die Zeit aus dem Netz holt; dann erneut laufen lassen.",
        ),
        Code::StationCertificateInvalid => entry(
            "Das eigene Serverzertifikat der Station ist jetzt nicht gültig.",
            "Nach der Uhr der Station ist es abgelaufen oder gilt noch nicht.",
            "Die Uhr der Station prüfen, dann die Station neu starten: sie stellt ein neues Zertifikat aus.",
        ),
        Code::ProvisionThrottled => entry(
            "Der Provisionierungsserver bittet das Gerät zu warten.",
            "Es gab zu viele Anfragen (HTTP 429), und die Pause dauerte länger als der Schritt.",
            "Eine Minute warten und erneut laufen lassen; weniger Geräte zugleich beginnen oder die Grenze erhöhen.",
        ),
        Code::ProvisionServiceFailed => entry(
            "Der Provisionierungsserver hatte einen Fehler.",
            "Er antwortete bis zum Ende der Zeit mit eigenen Fehlern (HTTP 5xx).",
            "Protokoll des Servers und `station doctor` ansehen; dann das Gerät erneut laufen lassen.",
        ),
        Code::ProvisionCutOff => entry(
            "Die Provisionierungsantwort wurde abgeschnitten.",
            "Die Verbindung endete, während Anfrage oder Antwort unterwegs war.",
            "Das Netz zwischen Gerät und Station prüfen; dann das Gerät erneut laufen lassen.",
        ),
        Code::UpstreamAway => entry(
            "Der Provisionierungsdienst hinter der Station ist weg.",
            "Er ist nicht erreichbar oder hat einen Fehler.",
            "Warten: der Auftrag läuft weiter, sobald der Dienst zurück ist; den Weg der Station dorthin prüfen.",
        ),
        Code::UpstreamRefused => entry(
            "Der Provisionierungsdienst hinter der Station wies das Gerät ab.",
            "Er nimmt diese Anfrage nicht an: Arbeitsbereich, Rechte oder Zugangsdaten der Station.",
            "Konto der Station beim Dienst und Arbeitsbereich im Rezept prüfen.",
        ),
        Code::UpstreamForeignBroker => entry(
            "Der Provisionierungsdienst schickt Geräte zu einem anderen Broker.",
            "Der Broker in seiner Antwort ist nicht der, den diese Station beobachtet; hier kann sich kein Gerät beweisen.",
            "Dienst oder Station so einstellen, dass beide denselben Broker nennen.",
        ),
        Code::UpstreamKnownUnit => entry(
            "Der Provisionierungsdienst hat die frühere Identität des Geräts zurückgegeben.",
            "Er erkennt das Gerät wieder; diese Identität steht für einen früheren Durchlauf in den Aufzeichnungen, und keine Identität wird zweimal verwendet.",
            "Das Gerät beim Dienst löschen oder forward_mac = false im Abschnitt [upstream] der Station setzen; dann das Gerät erneut durchlaufen lassen.",
        ),
        Code::MqttHammering => entry(
            "Das Gerät meldet sich ohne Pause immer wieder an.",
            "Nach einer abgelehnten Anmeldung muss es mindestens 30 Sekunden warten und tut es nicht; Broker sperren solche Geräte.",
            "Das Gerät vom Platz nehmen; Firmware verwenden, die wartet, und neu provisionieren.",
        ),
        Code::MqttFlapping => entry(
            "Das Gerät verbindet sich und verliert die Verbindung immer wieder.",
            "Das Netz zwischen Gerät und Broker ist unstet, oder zwei Geräte benutzen dieselbe Anmeldung.",
            "Signal und Versorgung prüfen; prüfen, dass kein anderes Gerät dessen Zugangsdaten hat.",
        ),
        Code::PingUnanswered => entry(
            "Das Gerät beantwortet den Befehl der Station nicht.",
            "Es abonnierte seine Befehle, antwortete auf `cmd/ping` aber nicht auf `state`.",
            "Firmware verwenden, die den Ping beantwortet, oder im Rezept unter `[proof]` `ping = false` setzen.",
        ),
        Code::PresenceMissing => entry(
            "Das Gerät meldet seine Anwesenheit nicht.",
            "Das Rezept verlangt es, und auf `presence/` kam nichts an.",
            "Firmware mit Anwesenheitsmeldung verwenden, oder sie im Rezept abschalten.",
        ),
        Code::PresenceStale => entry(
            "Die Anwesenheit des Geräts ist kein gespeichertes ONLINE.",
            "Es meldete etwas anderes oder ließ es nicht aufbewahren (retained).",
            "Die Firmware berichtigen: beim Verbinden ONLINE mit retained.",
        ),
        Code::SubscriptionMissing => entry(
            "Das Gerät hört nicht auf alle seine Topics.",
            "Ein Abonnement von `cmd/#` oder `config/#` fehlt.",
            "Firmware verwenden, die beide abonniert.",
        ),
        Code::OtaTimedOut => entry(
            "Das Firmware-Update des Geräts wurde nicht rechtzeitig fertig.",
            "Der Download begann nicht, ist zu langsam, oder das Gerät kam danach nicht wieder.",
            "Geschwindigkeit des Netzes prüfen; die Zeit für Updates im Rezept erhöhen.",
        ),
        Code::NvsFull => entry(
            "Der NVS des Geräts ist voll.",
            "Die Partition hat keinen Platz für die Sitzung.",
            "Eine größere NVS-Partition wählen oder weniger darin speichern.",
        ),
        Code::NvsCorrupt => entry(
            "Das Gerät kann seinen NVS nicht lesen.",
            "Die Partition ist beschädigt oder hat ein anderes Format.",
            "Das Gerät erneut laufen lassen, was den NVS neu schreibt; bleibt es dabei, in die Nacharbeit geben.",
        ),
        Code::NvsKeyTooLong => entry(
            "Die Firmware benutzt einen zu langen NVS-Schlüssel.",
            "Schlüssel haben höchstens 15 Zeichen.",
            "Firmware mit den kurzen Schlüsselnamen verwenden, etwa `ota_sha`.",
        ),
        Code::NvsWriteFailed => entry(
            "Das Gerät kann seinen NVS nicht schreiben.",
            "Der Flash lässt sich nicht beschreiben: Schreibschutz oder schlechter Chip.",
            "Das Gerät erneut laufen lassen; bleibt es dabei, in die Nacharbeit geben.",
        ),
        Code::BootstrapQuota => entry(
            "Das Gerätekontingent des Kontos ist verbraucht.",
            "Der Dienst nimmt keine Geräte mehr an; ein Entwicklerzertifikat erlaubt 100.",
            "Geräte löschen oder das Kontingent erhöhen; das Gerät versucht es weiter und kommt hinein, sobald Platz ist.",
        ),
        Code::BootstrapRejected => entry(
            "Der Bootstrap-Dienst wies das Gerät ab.",
            "Ein Zertifikat fehlt, ist gesperrt oder nicht hochgeladen, oder dem Konto fehlt das Recht.",
            "Das Zertifikat beim Dienst hochladen oder freischalten.",
        ),
        Code::InvalidParameters => entry(
            "Die Werksparameter des Geräts sind falsch.",
            "Eine URL hat die falsche Form, oder ein Name, eine Geräte- oder Kontokennung ist länger als 64 Zeichen.",
            "Den Wert im Rezept berichtigen, neu einspielen und das Gerät neu starten.",
        ),
        Code::NotRegistered => entry(
            "Der Client wurde geschlossen, ohne angemeldet zu sein.",
            "Die Firmware rief das Schließen zu früh auf; das ist ein Fehler des Aufrufers.",
            "An der Linie ist nichts zu tun; die Firmware berichtigen.",
        ),
        Code::RegistrationTimedOut => entry(
            "Das Gerät meldete sich nicht binnen drei Minuten an.",
            "Das Netz funktioniert, aber der Dienst schloss die Anmeldung nicht ab.",
            "Den Dienst prüfen; dann das Gerät erneut laufen lassen.",
        ),
        Code::NetworkLost => entry(
            "Das Gerät verlor die Verbindung zum Dienst.",
            "Das Netz war unterbrochen oder nie da.",
            "Das Netz prüfen; das Gerät erholt sich durch Wiederverbinden.",
        ),
        Code::ResponseUnreadable => entry(
            "Das Gerät versteht die Nachricht des Dienstes nicht.",
            "Die Nachricht ist fehlerhaft aufgebaut.",
            "Prüfen, ob der eingestellte Dienst ein kompatibler ist.",
        ),
        Code::CredentialsMemory => entry(
            "Dem Gerät fehlt Speicher für seine Zugangsdaten.",
            "Die Firmware verbraucht zu viel davon.",
            "Firmware mit mehr freiem Speicher verwenden.",
        ),
        Code::CallNotAllowed => entry(
            "Die Firmware rief den Client im falschen Augenblick auf.",
            "Der Aufruf ist im gegenwärtigen Zustand des Clients nicht erlaubt.",
            "Die Reihenfolge der Aufrufe in der Firmware berichtigen.",
        ),
        Code::SecureConnectionFailed => entry(
            "Die gesicherte Verbindung zum Dienst schlug fehl.",
            "TLS oder DTLS brach ab, zum Beispiel weil das Zertifikat des Geräts abgelaufen ist.",
            "Das Gerät neu provisionieren, damit es ein frisches Zertifikat bekommt.",
        ),
        Code::CredentialsUnstorable => entry(
            "Das Gerät kann seine Zugangsdaten nicht speichern.",
            "Sein gesicherter Speicher lässt sich nicht beschreiben.",
            "Den Speicher des Geräts formatieren und es neu provisionieren.",
        ),
        Code::CredentialsUnreadable => entry(
            "Das Gerät kann seine Zugangsdaten nicht lesen.",
            "Sein gesicherter Speicher ist beschädigt.",
            "Den Speicher des Geräts formatieren und es neu provisionieren.",
        ),
        Code::CredentialsInvalid => entry(
            "Die gespeicherten Zugangsdaten des Geräts sind unbrauchbar.",
            "Sie sind beschädigt oder passen nicht zum Dienst.",
            "Den gesicherten Speicher auf Werkszustand setzen und neu provisionieren.",
        ),
        Code::SecretInFile => entry(
            "Eine versionierte Datei enthält ein echtes Geheimnis.",
            "Ein WLAN-Passwort, Code oder Schlüssel wurde in eine Datei unter Versionskontrolle geschrieben.",
            "Dort einen leeren Platzhalter einsetzen, auf Umgebungsvariable oder Datei verweisen und das Geheimnis wechseln.",
        ),
        Code::BleComponentMissing => entry(
            "Dem Build fehlt die Bluetooth-Datei `host/ble_gap.h`.",
            "Die Komponente verlangt `bt` nicht.",
            "`bt` in REQUIRES der Komponente eintragen und sauber neu bauen.",
        ),
        Code::BleAdvertisementTooLong => entry(
            "Die Bluetooth-Ankündigung ist zu lang.",
            "UUID und Name zusammen übersteigen die 31 Oktette eines Ankündigungspakets.",
            "Die UUID in die Ankündigung und den Namen in die Scan-Antwort legen.",
        ),
        Code::BleUuidByteOrder => entry(
            "Das Gerät zeigt seine Bluetooth-UUID mit vertauschten Oktetten.",
            "In der Clock-Sequence steht 2480 statt 8024: die Firmware ist alt.",
            "Die berichtigte Firmware aufspielen.",
        ),
        Code::CredentialsRevoked => entry(
            "Die Zugangsdaten des Geräts wurden während seines Laufs gesperrt.",
            "Jemand hat sein Zertifikat oder seine Sitzung gesperrt, bevor das Bestehen festgehalten war.",
            "Klären, wer sie warum gesperrt hat; dann das Gerät erneut laufen lassen, damit es neue bekommt.",
        ),
        Code::BuildConfigurationStale => entry(
            "Dem Build fehlen die Bluetooth-Einstellungen.",
            "Die Build-Konfiguration ist veraltet.",
            "Build-Ordner und sdkconfig löschen, neu erzeugen und sauber bauen.",
        ),
    }
}

pub(super) const fn owner(owner: Owner) -> &'static str {
    match owner {
        Owner::Unit => "das Gerät",
        Owner::Fixture => "die Aufnahme",
        Owner::Recipe => "das Rezept oder seine Firmware",
        Owner::Network => "das Netz",
        Owner::Service => "der Dienst",
        Owner::Station => "diese Station",
        Owner::Person => "die Handhabung",
    }
}

pub(super) const fn next_action(next: NextAction) -> &'static str {
    match next {
        NextAction::RetryHere => "hier erneut laufen lassen",
        NextAction::Rework => "in die Nacharbeit geben",
        NextAction::Quarantine => "beiseitelegen bis zur Freigabe",
        NextAction::StopSlot => "den Platz anhalten",
        NextAction::StopLine => "den Auftrag anhalten",
    }
}

pub(super) const fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Build => "Build",
        Phase::Identify => "Erkennen",
        Phase::Prepare => "Vorbereiten",
        Phase::Flash => "Aufspielen",
        Phase::Boot => "Start",
        Phase::Network => "Netz",
        Phase::Provision => "Provisionieren",
        Phase::Connect => "Verbinden",
        Phase::Attest => "Rücklesen",
        Phase::Any => "jeder Schritt",
    }
}

pub(super) const fn expected(expected: Expected) -> &'static str {
    match expected {
        Expected::ProvisionSkipped => {
            "Das ist so gewollt: das Gerät hat keinen Code und benutzt seine gespeicherte Sitzung."
        }
        Expected::OtaSkipped => "Das ist so gewollt: die angebotene Firmware ist die schon eingespielte.",
        Expected::UuidInOtherForm => "Das ist kein Fehler: dieselbe UUID in anderer Schreibweise.",
    }
}
