/* A native library that names a server and reads a property; nothing runs it. */
extern int __system_property_get(const char *name, char *value);
extern int connect(int fd, const void *address, unsigned length);

const char *acme_collector = "http://diag.acme.example.com:8080/upload";

int acme_serial(char *value) { return __system_property_get("ro.serialno", value); }
int acme_dial(int fd, const void *address, unsigned length) { return connect(fd, address, length); }
