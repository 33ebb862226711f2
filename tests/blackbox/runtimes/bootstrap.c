/* A compiled bootstrap: the Lambda Runtime API over a plain socket, one connection for each call. It
 * answers {"compiled":true,"event":<the event>}. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char reply[1 << 20];

/* Sends a request and reads the whole reply; the body, or NULL. */
static char *call(const char *method, const char *path, const char *body) {
    const char *api = getenv("AWS_LAMBDA_RUNTIME_API");
    static char host[64], request[1 << 20];
    if (api == NULL || strlen(api) >= sizeof host) exit(2);
    strcpy(host, api);
    char *colon = strrchr(host, ':');
    *colon = 0;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(atoi(colon + 1))};
    inet_pton(AF_INET, host, &at.sin_addr);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) != 0) exit(3);
    const int size = snprintf(request, sizeof request,
                              "%s /2018-06-01/runtime/%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n"
                              "Content-Length: %zu\r\n\r\n%s",
                              method, path, api, strlen(body), body);
    for (int sent = 0; sent < size;) {
        const ssize_t count = write(fd, request + sent, size - sent);
        if (count <= 0) exit(4);
        sent += count;
    }
    size_t have = 0;
    for (ssize_t count; have + 1 < sizeof reply &&
                        (count = read(fd, reply + have, sizeof reply - 1 - have)) > 0;)
        have += count;
    reply[have] = 0;
    close(fd);
    char *end = strstr(reply, "\r\n\r\n");
    return end == NULL ? NULL : end + 4;
}

int main(void) {
    for (;;) {
        static char path[256], answer[1 << 20];
        char *event = call("GET", "invocation/next", "");
        char *id = event == NULL ? NULL : strcasestr(reply, "Lambda-Runtime-Aws-Request-Id: ");
        if (id == NULL) return 1;
        id += strlen("Lambda-Runtime-Aws-Request-Id: ");
        snprintf(path, sizeof path, "invocation/%.*s/response", (int)strcspn(id, "\r"), id);
        snprintf(answer, sizeof answer, "{\"compiled\":true,\"event\":%s}", event);
        call("POST", path, answer);
    }
}
