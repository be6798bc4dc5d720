/* SPDX-License-Identifier: Apache-2.0
 *
 * An event log as a list, and the registers that it adds up to: to be held
 * against those of a quote, or written into a policy.
 */
#include <stdio.h>

#include "base64url.h"
#include "cli/describe.h"
#include "cli/output.h"
#include "eventlog.h"

enum { NAME = 32 };

static bool is_ccel(const struct atls_eventlog *log)
{
    return log->first_index == 1; /* UEFI 2.10, 38.4.1: no index 0 */
}

/* UEFI 2.10, 38.4.2: TDX's mapping of registers */
static void name_register(const struct atls_eventlog *log, int hash,
                          uint32_t index, char name[NAME])
{
    if (!is_ccel(log))
        snprintf(name, NAME, "pcr_%s_%u", atls_tpm_hashes[hash].name,
                 (unsigned)index);
    else if (index == 0)
        snprintf(name, NAME, "mrtd");
    else
        snprintf(name, NAME, "rtmr%u", (unsigned)index - 1);
}

static void add_registers(json_t *report, const struct atls_eventlog *log,
                          struct atls_view bytes, int hash)
{
    struct atls_eventlog_registers registers;
    char name[NAME], hex[2 * ATLS_TPM_MAX_HASH + 1];

    if (atls_eventlog_replay(bytes, hash, &registers, NULL) != ATLS_OK)
        return;
    for (uint32_t i = 0; i < ATLS_TPM_NUM_PCRS; i++) {
        bool is_rtmr = is_ccel(log) && i >= 1 && i <= ATLS_EVENTLOG_RTMRS;

        if (!is_rtmr && (registers.mask >> i & 1) == 0)
            continue;
        name_register(log, hash, i, name);
        atls_hex(atls_view(registers.values[i], atls_tpm_hashes[hash].len), hex,
                 sizeof(hex));
        atls_output_set(report, name, "%s", hex);
    }
}

static json_t *event_of(const struct atls_eventlog *log,
                        const struct atls_eventlog_event *event)
{
    const char *type = atls_eventlog_type_name(event->type);
    char name[NAME], hex[2 * ATLS_TPM_MAX_HASH + 1];
    json_t *item = json_object();

    name_register(log, 0, event->index, name);
    if (is_ccel(log))
        atls_output_set(item, "register", "%s", name);
    else
        atls_output_set(item, "pcr", "%u", (unsigned)event->index);
    if (type[0] != '\0')
        atls_output_set(item, "type", "%s", type);
    else
        atls_output_set(item, "type", "%#x", (unsigned)event->type);
    for (int i = 0; i < ATLS_TPM_NUM_HASHES; i++)
        if (event->digests[i].len > 0) {
            atls_hex(event->digests[i], hex, sizeof(hex));
            atls_output_set(item, atls_tpm_hashes[i].name, "%s", hex);
        }
    atls_output_add(item, "data_bytes",
                    json_integer((json_int_t)event->data.len));
    return item;
}

bool atls_describe_log(json_t *report, struct atls_view bytes)
{
    struct atls_eventlog log;
    struct atls_eventlog_event event;
    json_t *registers, *events;

    if (atls_eventlog_open(bytes, &log, NULL) != ATLS_OK)
        return false;
    registers = json_object();
    events = json_array();
    for (int i = 0; i < ATLS_TPM_NUM_HASHES; i++)
        add_registers(registers, &log, bytes, i);
    while (atls_eventlog_next(&log, &event))
        json_array_append_new(events, event_of(&log, &event));
    atls_output_set(report, "event_log", "%s, %zu events%s",
                    is_ccel(&log) ? "CCEL" : "TPM", json_array_size(events),
                    log.failed ? ", broken behind them" : "");
    atls_output_add(report, "registers", registers);
    atls_output_add(report, "events", events);
    return true;
}
