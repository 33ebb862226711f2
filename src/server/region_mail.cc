#include "server/region_mail.h"

namespace domicile::server {
namespace {

smtp::Security security_of(config::MailSecurity security) {
    switch (security) {
        case config::MailSecurity::tls:
            return smtp::Security::tls;
        case config::MailSecurity::none:
            return smtp::Security::none;
        case config::MailSecurity::starttls:
            break;
    }
    return smtp::Security::starttls;
}

io::Task<Result<void>> send(smtp::Client& client, Ref<config::Config> config, identity::Mail mail) {
    smtp::Message message;
    message.id = std::move(mail.id);
    message.from = config->mail.from;
    message.to = std::move(mail.to);
    message.subject = std::move(mail.subject);
    message.text = std::move(mail.text);
    message.time = mail.sent_at;
    message.html = mail.html;
    return client.send(std::move(message));
}

}  // namespace

Result<std::unique_ptr<smtp::Client>> open_mail(io::Files& files, const Deployment& deployment,
                                                const std::string& region) {
    const config::Region* section = deployment.config.regions.find(region);
    if (section == nullptr || !section->mail) return nullptr;
    const config::MailServer& mail = *section->mail;
    smtp::Options out;
    out.server = {mail.server.address, mail.server.port};
    out.security = security_of(mail.security);
    out.user = mail.user;
    out.greeting = region + '.' + deployment.config.domain;
    out.connections_max = static_cast<std::size_t>(mail.connections_max);
    if (!mail.ca_file.empty()) {
        out.ca_file = deployment.placed(mail.ca_file);
        const auto there = files.read(out.ca_file, std::size_t{16} << 20);
        if (!there)
            return fail(there.error().code,
                        "The mail server's file " + out.ca_file + ": " + there.error().message);
    }
    if (!mail.password_file.empty()) {
        const std::string path = deployment.placed(mail.password_file);
        auto password = io::SecretFile::open(files, path);
        if (!password)
            return fail(password.error().code,
                        "The mail server's file " + path + ": " + password.error().message);
        out.password = std::move(*password);
    }
    return std::make_unique<smtp::Client>(std::move(out));
}

identity::Courier::Options mail_options(const Deployment& deployment, const std::string& region,
                                        Ref<config::Config> config, smtp::Client* client) {
    identity::Courier::Options out;
    if (client == nullptr) return out;
    const config::MailServer& mail = *deployment.config.regions.find(region)->mail;
    out.at_once = static_cast<std::size_t>(mail.connections_max);
    out.queue_max = mail.queue_max;
    out.retry_first = Millis(mail.retry_seconds * 1'000);
    out.send = [client, config](identity::Mail mail) {
        return send(*client, config, std::move(mail));
    };
    return out;
}

}  // namespace domicile::server
