/* SPDX-License-Identifier: Apache-2.0
 *
 * The files of a test, and the log that comes of it.
 */
#include "config.h"

#include "pair.h"

#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/store.h>

#include "pki.h"

/* A module's thread-local memory is gone when the leak sanitizer looks for it
 * at exit, and it would crash there. Asked by it; nobody asks otherwise. */
const char *__lsan_default_options(void);

__attribute__((visibility("default"))) const char *__lsan_default_options(void)
{
    return "use_tls=0:print_suppressions=0";
}

static char run_folder[256];  /* keys and certificates: all tests share them */
static char test_folder[300]; /* of this test */

static const char *environment(const char *name, const char *otherwise)
{
    const char *value = getenv(name);

    return value != NULL ? value : otherwise;
}

static const char *join(const char *folder, const char *name)
{
    static char paths[8][1024];
    static unsigned next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

const char *pair_path(const char *name)
{
    return join(test_folder, name);
}

const char *pair_build_path(const char *name)
{
    static char here[512];

    if (here[0] == '\0' &&
        realpath(environment("top_builddir", "."), here) == NULL)
        ck_abort_msg("no build tree");
    return join(here, name);
}

void pair_write_file(const char *name, const char *text)
{
    FILE *file = fopen(pair_path(name), "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static void make_folder(void)
{
    snprintf(test_folder, sizeof(test_folder), "%s/test-XXXXXX", run_folder);
    ck_assert_ptr_nonnull(mkdtemp(test_folder));
    setenv("OPENSSL_CONF", pair_path("openssl.cnf"), 1);
}

void pair_setup_raw(const char *text)
{
    make_folder();
    pair_write_file("openssl.cnf", text);
}

#define SOFT "attest:soft?key="

static void put_uri(FILE *file, const struct pair_config *config,
                    const char *key)
{
    fprintf(file, "%s%s/%s%s", config->scheme != NULL ? config->scheme : SOFT,
            run_folder, key, config->options != NULL ? config->options : "");
}

static void put_several(FILE *file, const struct pair_config *config)
{
    fprintf(file, "attester.host = " SOFT "%s/soft.key\nattester.device = ",
            run_folder);
    put_uri(file, config, "other.key");
    fputc('\n', file);
}

static void put_attester(FILE *file, const struct pair_config *config)
{
    if (config->several)
        put_several(file, config);
    if (config->attester == NULL)
        return;
    fputs("attester = ", file);
    put_uri(file, config, config->attester);
    if (config->claims != NULL) {
        pair_write_file("claims.json", config->claims);
        fprintf(file, "&claims=%s", pair_path("claims.json"));
    }
    fputc('\n', file);
}

static void put_policy(FILE *file, const char *policy)
{
    if (policy == NULL)
        policy = PAIR_POLICY;
    if (*policy == '\0')
        return;
    pair_write_file("policy.json", policy);
    fprintf(file, "policy = %s\n", pair_path("policy.json"));
}

static void put_providers(FILE *file, const struct pair_config *config)
{
    const char *provider = config->provider;

    fprintf(file,
            "[providers]\ndefault = default_provider\natls = atls_provider\n"
            "%s\n[default_provider]\nactivate = 1\n"
            "[atls_provider]\nmodule = %s\nactivate = 1\n",
            provider != NULL ? "other = other_provider" : "",
            pair_build_path(".libs/atls.so"));
    if (provider != NULL)
        fprintf(file, "[other_provider]\nmodule = %s/%s.so\nactivate = 1\n",
                pair_build_path(".libs"), provider);
}

static const char *link_to(const char *name, const char *target)
{
    const char *path = pair_path(name);

    ck_assert_int_eq(symlink(pair_build_path(target), path), 0);
    return path;
}

/* The module looks for atls_remote.so where itself was found. */
static const char *find_module(const struct pair_config *config)
{
    if (!config->is_stubbed)
        return pair_build_path(".libs/atls_ext.so");
    link_to("atls_remote.so", ".libs/remote_stub.so");
    return link_to("atls_ext.so", ".libs/atls_ext.so");
}

void pair_setup(const struct pair_config *config)
{
    FILE *file;

    make_folder();
    file = fopen(pair_path("openssl.cnf"), "w");
    ck_assert_ptr_nonnull(file);
    fprintf(file, "openssl_conf = init\nconfig_diagnostics = 1\n"
                  "[init]\nproviders = providers\natls = atls\n");
    put_providers(file, config);
    fprintf(file, "[atls]\npath = %s\nlog = file:%s\n", find_module(config),
            pair_path("log"));
    if (config->require != NULL)
        fprintf(file, "require = %s\n", config->require);
    put_attester(file, config);
    put_policy(file, config->policy);
    fputs(config->extra != NULL ? config->extra : "", file);
    ck_assert_int_eq(fclose(file), 0);
}

static bool is_handshake(json_t *line, const char *role)
{
    const char *event = json_string_value(json_object_get(line, "event"));
    const char *of = json_string_value(json_object_get(line, "role"));

    return event != NULL && strcmp(event, "handshake") == 0 &&
           (role == NULL || (of != NULL && strcmp(of, role) == 0));
}

/* The last of the lines, and how many there are. */
static json_t *read_log(const char *role, size_t *num)
{
    FILE *file = fopen(pair_path("log"), "r");
    json_t *last = NULL, *line;
    static char text[8192];

    *num = 0;
    while (file != NULL && fgets(text, sizeof(text), file) != NULL) {
        line = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        ck_assert_msg(line != NULL, "not JSON: %s", text);
        if (is_handshake(line, role)) {
            json_decref(last);
            last = json_incref(line);
            ++*num;
        }
        json_decref(line);
    }
    if (file != NULL)
        fclose(file);
    return last;
}

json_t *pair_log(const char *role)
{
    size_t num;

    return read_log(role, &num);
}

size_t pair_log_lines(const char *role)
{
    size_t num;

    json_decref(read_log(role, &num));
    return num;
}

const char *pair_log_text(const char *role, const char *key)
{
    static char text[1024];
    json_t *line = pair_log(role);
    const char *value = json_string_value(json_object_get(line, key));

    snprintf(text, sizeof(text), "%s", value != NULL ? value : "");
    json_decref(line);
    return text;
}

size_t pair_log_count(const char *text)
{
    FILE *file = fopen(pair_path("log"), "r");
    static char line[8192];
    size_t num = 0;

    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        num += strstr(line, text) != NULL;
    if (file != NULL)
        fclose(file);
    return num;
}

bool pair_log_says(const char *text)
{
    return pair_log_count(text) > 0;
}

void pair_refused_in_log(const char *role, int alert, enum atls_reason reason)
{
    json_t *line = pair_log(role), *seen = json_object_get(line, "alert");

    ck_assert_msg(line != NULL, "no line of the %s in the log", role);
    ck_assert_str_eq(pair_log_text(role, "reason"), atls_reason_name(reason));
    ck_assert_str_ne(pair_log_text(role, "text"), "");
    if (alert >= 0)
        ck_assert_int_eq(json_integer_value(seen), alert);
    json_decref(line);
}

static EVP_PKEY *open_attester(const char *key)
{
    OSSL_STORE_CTX *store;
    OSSL_STORE_INFO *info;
    EVP_PKEY *opened;
    char uri[512];

    snprintf(uri, sizeof(uri), "attest:soft?key=%s/%s", run_folder, key);
    store = OSSL_STORE_open(uri, NULL, NULL, NULL, NULL);
    ck_assert_ptr_nonnull(store);
    ck_assert_int_eq(OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY), 1);
    info = OSSL_STORE_load(store);
    ck_assert_ptr_nonnull(info);
    opened = OSSL_STORE_INFO_get1_PKEY(info);
    OSSL_STORE_INFO_free(info);
    OSSL_STORE_close(store);
    return opened;
}

void pair_quote(const char *key, struct atls_view nonce, struct atls_buf *cmw)
{
    EVP_PKEY *attester = open_attester(key);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, attester, NULL);
    size_t len = (size_t)EVP_PKEY_get_size(attester), before = cmw->len;

    ck_assert_int_eq(EVP_PKEY_sign_init(context), 1);
    ck_assert_int_eq(EVP_PKEY_sign(context, atls_buf_room(cmw, len), &len,
                                   nonce.data, nonce.len),
                     1);
    cmw->len = before + len;
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(attester);
}

static int remove_one(const char *path, const struct stat *status, int type,
                      struct FTW *place)
{
    (void)status, (void)type, (void)place;
    return remove(path);
}

void pair_add_row(TCase *cases, const TTest *test, const char *sentence,
                  int row)
{
    static TTest named[256]; /* Check keeps the pointers */
    static size_t num;
    TTest *one = &named[num++];

    if (num > sizeof(named) / sizeof(named[0]))
        abort();
    *one = *test;
    one->name = sentence;
    tcase_add_loop_test(cases, one, row, row + 1);
}

START_TEST(skipped)
{
}
END_TEST

void pair_add_skip(TCase *cases, const char *sentence, const char *missing)
{
    static char names[8][256];
    static unsigned num;
    char *name = names[num++ % 8];

    snprintf(name, sizeof(names[0]), "%s # SKIP %s", sentence, missing);
    pair_add_row(cases, skipped, name, 0);
}

int pair_main(Suite *suite)
{
    int result = EXIT_FAILURE;

    snprintf(run_folder, sizeof(run_folder), "%s/atls-pair-XXXXXX",
             environment("TMPDIR", "/tmp"));
    if (mkdtemp(run_folder) == NULL || !pki_make(run_folder)) {
        puts("Bail out! no keys and certificates");
        return result;
    }
    result = check_main(suite);
    nftw(run_folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return result;
}
