#include "api/oidc/texts.h"

#include <charconv>
#include <cstdlib>
#include <string>

#include "base/encoding.h"

namespace domicile::api::oidc {
namespace {

constexpr std::array kLanguages = {
    Language{"en",
             {"Sign in",
              "User name or e-mail",
              "Password",
              "Incorrect user name or password.",
              "Too many attempts. Please try again after some time.",
              "Please wait",
              "There were too many attempts from your network.",
              "This application is used too much at the moment.",
              "You can try again in",
              "This account is not confirmed yet. Please use the code that was sent to you.",
              "This account is disabled.",
              "The password has to be reset before you can sign in.",
              "The temporary password has expired. Please ask for a new one.",
              "Your account needs another step to sign in that this page does not offer.",
              "The page was open for too long. Please try again.",
              "The service is not available at the moment. Please try again.",
              "This link does not work",
              "The application sent you here with a request that cannot be answered. Please go "
              "back to it and try again.",
              "Sign out",
              "Do you want to sign out?",
              "You are signed out.",
              "New password",
              "Your password is a temporary one. Please choose a new one.",
              "Set password",
              "The password does not meet the requirements:",
              "This password was used before. Please choose another one.",
              "E-mail",
              "Country",
              "Create an account",
              "No account yet? Create one",
              "Have an account? Sign in",
              "Forgot your password?",
              "We send a code to your address, with which you can choose a new password.",
              "Send code",
              "Code",
              "If there is such an account, a code was sent to its address. Please type it here.",
              "Confirm your address",
              "Confirm",
              "Send a new code",
              "Your address is confirmed. You can sign in now.",
              "Your password was changed. You can sign in now.",
              "There is an account with this address already.",
              "The code is not right. Please try again.",
              "The code can no longer be used. Please ask for a new one.",
              "This account is confirmed already. You can sign in.",
              "This cannot be taken:",
              "Second step",
              "Code from your authenticator app",
              "This is not the code that the app shows now. Please try again.",
              "This code was used already. Please wait for the next one.",
              "Sign in with",
              "Create your account",
              "Something is still missing. Your country decides where your data is kept.",
              "Continue",
              "There is an account with your address already. Please sign in with it: for your "
              "safety, accounts are not linked by themselves.",
              "Please enter your user name or e-mail first.",
              "Send me a code by e-mail",
              "Code by e-mail",
              "Sign in with a passkey",
              "Your device asks you for your passkey.",
              "Use your passkey",
              "That did not work. Please try again.",
              "This step needs JavaScript and a browser that has passkeys.",
              "This passkey cannot be used to sign in here.",
              "Make a passkey",
              "With a passkey you sign in by the fingerprint, face or PIN of your device, without "
              "a password.",
              "The passkey could not be saved. Please try again.",
              "You have as many passkeys as there can be.",
              "Not now",
              "Set up an authenticator app",
              "Your account needs a second step. Scan the picture with an authenticator app, or "
              "type the key into it. Then type here the code that the app shows.",
              "Key:",
              "QR code with the key for your app",
              "Open an app on this device",
              "Sign in another way",
              "A code was sent to your e-mail address. Please type it here.",
              "Your account needs a second step. Please choose one.",
              "Your account",
              "Please sign in to see your account, and again before you change it.",
              "You are signed in as",
              "Back to your account",
              "Change password",
              "Current password",
              "The current password is not right.",
              "Your password was changed, and all other sessions have ended.",
              "Passkeys",
              "You have no passkey yet.",
              "Passkey made on",
              "Remove",
              "Your passkey is saved. You can sign in with it from now on.",
              "The passkey was removed: nobody signs in with it any more.",
              "Authenticator app",
              "When you sign in, you are asked for a code of your app.",
              "With an app, a password alone is not enough to sign in.",
              "Set up another app",
              "Turn off",
              "Scan the picture with an authenticator app, or type the key into it. Then type here "
              "the code that the app shows.",
              "Your app is set up. You are asked for its codes from now on.",
              "You are not asked for codes of an app any more.",
              "Signing in with the other provider did not work. Please try again.",
              "Sessions",
              "End all other sessions",
              "All other sessions have ended.",
              "Signed in since",
              "This browser, signed in since",
              "End",
              "The session has ended."}},
    Language{
        "de",
        {"Anmelden",
         "Benutzername oder E-Mail-Adresse",
         "Passwort",
         "Benutzername oder Passwort ist falsch.",
         "Zu viele Versuche. Bitte versuchen Sie es später noch einmal.",
         "Bitte warten",
         "Aus Ihrem Netz gab es zu viele Versuche.",
         "Diese Anwendung wird zurzeit zu stark beansprucht.",
         "Sie können es wieder versuchen in",
         "Dieses Konto ist noch nicht bestätigt. Bitte verwenden Sie den Code, den Sie "
         "erhalten haben.",
         "Dieses Konto ist gesperrt.",
         "Das Passwort muss zurückgesetzt werden, bevor Sie sich anmelden können.",
         "Das vorläufige Passwort ist abgelaufen. Bitte fordern Sie ein neues an.",
         "Ihr Konto braucht zur Anmeldung einen weiteren Schritt, den diese Seite nicht "
         "anbietet.",
         "Die Seite war zu lange geöffnet. Bitte versuchen Sie es noch einmal.",
         "Der Dienst ist zurzeit nicht erreichbar. Bitte versuchen Sie es noch einmal.",
         "Dieser Link funktioniert nicht",
         "Die Anwendung hat Sie mit einer Anfrage hierher geschickt, die nicht beantwortet "
         "werden kann. Bitte gehen Sie zu ihr zurück und versuchen Sie es noch einmal.",
         "Abmelden",
         "Möchten Sie sich abmelden?",
         "Sie sind abgemeldet.",
         "Neues Passwort",
         "Ihr Passwort ist ein vorläufiges. Bitte wählen Sie ein neues.",
         "Passwort festlegen",
         "Das Passwort erfüllt die Anforderungen nicht:",
         "Dieses Passwort wurde schon verwendet. Bitte wählen Sie ein anderes.",
         "E-Mail-Adresse",
         "Land",
         "Konto anlegen",
         "Noch kein Konto? Jetzt anlegen",
         "Schon ein Konto? Anmelden",
         "Passwort vergessen?",
         "Wir senden einen Code an Ihre Adresse, mit dem Sie ein neues Passwort wählen können.",
         "Code senden",
         "Code",
         "Wenn es dieses Konto gibt, wurde ein Code an seine Adresse gesendet. Bitte geben Sie ihn "
         "hier ein.",
         "Adresse bestätigen",
         "Bestätigen",
         "Neuen Code senden",
         "Ihre Adresse ist bestätigt. Sie können sich jetzt anmelden.",
         "Ihr Passwort wurde geändert. Sie können sich jetzt anmelden.",
         "Mit dieser Adresse gibt es schon ein Konto.",
         "Der Code ist nicht richtig. Bitte versuchen Sie es noch einmal.",
         "Der Code ist nicht mehr gültig. Bitte fordern Sie einen neuen an.",
         "Dieses Konto ist schon bestätigt. Sie können sich anmelden.",
         "Diese Angabe ist nicht möglich:",
         "Zweiter Schritt",
         "Code aus Ihrer Authenticator-App",
         "Das ist nicht der Code, den die App jetzt zeigt. Bitte versuchen Sie es noch einmal.",
         "Dieser Code wurde schon verwendet. Bitte warten Sie auf den nächsten.",
         "Anmelden mit",
         "Konto anlegen",
         "Etwas fehlt noch. Ihr Land entscheidet, wo Ihre Daten aufbewahrt werden.",
         "Weiter",
         "Es gibt schon ein Konto mit Ihrer Adresse. Bitte melden Sie sich damit an: Zu Ihrer "
         "Sicherheit werden Konten nicht von selbst verbunden.",
         "Bitte geben Sie zuerst Ihren Benutzernamen oder Ihre E-Mail-Adresse ein.",
         "Code per E-Mail senden",
         "Code per E-Mail",
         "Mit Passkey anmelden",
         "Ihr Gerät fragt Sie nach Ihrem Passkey.",
         "Passkey verwenden",
         "Das hat nicht geklappt. Bitte versuchen Sie es noch einmal.",
         "Dieser Schritt braucht JavaScript und einen Browser, der Passkeys kennt.",
         "Dieser Passkey kann hier nicht zur Anmeldung verwendet werden.",
         "Passkey anlegen",
         "Mit einem Passkey melden Sie sich mit Fingerabdruck, Gesicht oder PIN Ihres Geräts an, "
         "ohne Passwort.",
         "Der Passkey konnte nicht gespeichert werden. Bitte versuchen Sie es noch einmal.",
         "Sie haben so viele Passkeys, wie es geben kann.",
         "Jetzt nicht",
         "Authenticator-App einrichten",
         "Ihr Konto braucht einen zweiten Schritt. Scannen Sie das Bild mit einer "
         "Authenticator-App, oder tippen Sie den Schlüssel dort ein. Geben Sie dann hier den Code "
         "ein, den die App zeigt.",
         "Schlüssel:",
         "QR-Code mit dem Schlüssel für Ihre App",
         "App auf diesem Gerät öffnen",
         "Anders anmelden",
         "Ein Code wurde an Ihre E-Mail-Adresse gesendet. Bitte geben Sie ihn hier ein.",
         "Ihr Konto braucht einen zweiten Schritt. Bitte wählen Sie einen.",
         "Ihr Konto",
         "Bitte melden Sie sich an, um Ihr Konto zu sehen, und noch einmal, bevor Sie es ändern.",
         "Sie sind angemeldet als",
         "Zurück zu Ihrem Konto",
         "Passwort ändern",
         "Bisheriges Passwort",
         "Das bisherige Passwort ist nicht richtig.",
         "Ihr Passwort wurde geändert, und alle anderen Sitzungen sind beendet.",
         "Passkeys",
         "Sie haben noch keinen Passkey.",
         "Passkey, angelegt am",
         "Entfernen",
         "Ihr Passkey ist gespeichert. Sie können sich ab jetzt damit anmelden.",
         "Der Passkey wurde entfernt: Niemand meldet sich mehr damit an.",
         "Authenticator-App",
         "Bei der Anmeldung werden Sie nach einem Code Ihrer App gefragt.",
         "Mit einer App genügt das Passwort allein nicht mehr zur Anmeldung.",
         "Eine andere App einrichten",
         "Abschalten",
         "Scannen Sie das Bild mit einer Authenticator-App, oder tippen Sie den Schlüssel dort "
         "ein. Geben Sie dann hier den Code ein, den die App zeigt.",
         "Ihre App ist eingerichtet. Ab jetzt werden Sie nach ihren Codes gefragt.",
         "Sie werden nicht mehr nach Codes einer App gefragt.",
         "Die Anmeldung beim anderen Anbieter hat nicht geklappt. Bitte versuchen Sie es noch "
         "einmal.",
         "Sitzungen",
         "Alle anderen Sitzungen beenden",
         "Alle anderen Sitzungen sind beendet.",
         "Angemeldet seit",
         "Dieser Browser, angemeldet seit",
         "Beenden",
         "Die Sitzung ist beendet."}},
};

// By the language alone: de-AT is de.
const Language* find(std::string_view tag) {
    const std::string language = to_lower(tag.substr(0, tag.find('-')));
    for (const Language& own : kLanguages) {
        if (own.tag == language) return &own;
    }
    return nullptr;
}

// In thousandths; 0 for what is not a weight.
int weight_of(std::string_view parameters) {
    parameters = trim(parameters);
    if (parameters.empty()) return 1000;
    if (!parameters.starts_with("q=")) return 0;
    parameters.remove_prefix(2);
    if (parameters.starts_with('1')) return 1000;
    if (!parameters.starts_with("0.")) return 0;
    std::string digits(parameters.substr(2, 3));
    digits.resize(3, '0');
    int out = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), out);
    return out;
}

}  // namespace

const Language& choose_language(std::string_view ui_locales, std::string_view accept_language) {
    while (!ui_locales.empty()) {
        const auto end = ui_locales.find(' ');
        if (const Language* found = find(ui_locales.substr(0, end))) return *found;
        ui_locales.remove_prefix(end == ui_locales.npos ? ui_locales.size() : end + 1);
    }
    const Language* best = &kLanguages.front();
    int best_weight = 0;
    while (!accept_language.empty()) {
        const auto end = accept_language.find(',');
        const std::string_view one = accept_language.substr(0, end);
        accept_language.remove_prefix(end == accept_language.npos ? accept_language.size()
                                                                  : end + 1);
        const auto semicolon = one.find(';');
        const int weight =
            weight_of(semicolon == one.npos ? std::string_view() : one.substr(semicolon + 1));
        const Language* found = find(trim(one.substr(0, semicolon)));
        if (found == nullptr || weight <= best_weight) continue;
        best = found;
        best_weight = weight;
    }
    return *best;
}

}  // namespace domicile::api::oidc
