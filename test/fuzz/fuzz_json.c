/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON from a peer: what parses is an array or object no deeper than the
 * limit, and reads the same when it is written again.
 */
#include "fuzz.h"

#include <string.h>

#include "json.h"

const char fuzz_target[] = "json";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct atls_why why = {0};
    ATLS_AUTO(json_t) *json =
        atls_json_parse(atls_view(data, size), ATLS_CMW_MALFORMED, &why);
    ATLS_AUTO(json_t) *again = NULL;
    ATLS_AUTO_HEAP char *text = NULL;

    fuzz_must((json == NULL) == (why.reason != ATLS_OK));
    if (json == NULL)
        return 0;
    fuzz_must(json_is_array(json) || json_is_object(json));
    text = json_dumps(json, JSON_COMPACT);
    fuzz_must(text != NULL);
    again = atls_json_parse(atls_view_text(text), ATLS_CMW_MALFORMED, &why);
    fuzz_must(again != NULL);
    return 0;
}
