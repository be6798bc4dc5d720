/* SPDX-License-Identifier: Apache-2.0
 *
 * The ratios as SVG: one row each, the median as a bar, the interval as a
 * whisker, the budget as a red line.
 */
#include "report.h"

#include <string.h>

#define LEFT  230 /* px: names */
#define WIDTH 520 /* px: the scale */
#define ROW   22  /* px */
#define TOP   40  /* px */
#define LOW   0.9 /* ratio at the left end */
#define HIGH  1.6 /* ratio at the right end */

static double place(double ratio)
{
    double inside = ratio < LOW ? LOW : ratio > HIGH ? HIGH : ratio;

    return LEFT + (inside - LOW) / (HIGH - LOW) * WIDTH;
}

static void draw_line(FILE *out, double x1, double y1, double x2, double y2,
                      const char *colour)
{
    fprintf(out,
            "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" "
            "stroke=\"%s\" stroke-width=\"2\"/>\n",
            x1, y1, x2, y2, colour);
}

static void draw_text(FILE *out, double x, double y, const char *anchor,
                      const char *text)
{
    fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n",
            x, y, anchor, text);
}

static double number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static void draw_value(FILE *out, const json_t *ratio, double y)
{
    double low = place(number(ratio, "low")),
           high = place(number(ratio, "high"));
    char text[32];

    fprintf(out,
            "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"12\" "
            "fill=\"#9bbbe0\"/>\n",
            place(LOW), y - 6, place(number(ratio, "median")) - place(LOW));
    draw_line(out, low, y, high, y, "#1a3d6d");
    draw_line(out, low, y - 4, low, y + 4, "#1a3d6d");
    draw_line(out, high, y - 4, high, y + 4, "#1a3d6d");
    (void)snprintf(text, sizeof(text), "%.3f", number(ratio, "median"));
    draw_text(out, LEFT + WIDTH + 10, y + 4, "start", text);
}

static void draw_ratio(FILE *out, const char *title, const json_t *ratio,
                       double y)
{
    const char *of = json_string_value(json_object_get(ratio, "of"));
    const char *over = json_string_value(json_object_get(ratio, "over"));
    double budget = number(ratio, "budget");
    char name[96];

    (void)snprintf(name, sizeof(name), "%s: %s / %s", title,
                   of != NULL ? of : "", over != NULL ? over : "");
    draw_text(out, LEFT - 8, y + 4, "end", name);
    draw_value(out, ratio, y);
    if (budget > 0)
        draw_line(out, place(budget), y - 10, place(budget), y + 10, "#c00000");
}

static void draw_scale(FILE *out, double bottom)
{
    char text[16];

    for (int i = 9; i <= 16; i++) {
        double x = place(i / 10.0);

        draw_line(out, x, TOP - 12, x, bottom, i == 10 ? "#606060" : "#e4e4e4");
        (void)snprintf(text, sizeof(text), "%.1f", i / 10.0);
        draw_text(out, x, TOP - 18, "middle", text);
    }
}

static size_t count_rows(const json_t *result, const char *const *titles,
                         size_t num)
{
    size_t rows = 0;

    for (size_t i = 0; i < num; i++)
        rows += json_array_size(
            json_object_get(json_object_get(result, titles[i]), "ratios"));
    return rows;
}

void bench_report_plot(const json_t *result, FILE *out)
{
    static const char *const titles[] = {"one-way", "mutual", "loaded"};
    double height = TOP + ROW * (double)count_rows(result, titles, 3), y = TOP;

    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
            "height=\"%.0f\" font-family=\"sans-serif\" font-size=\"12\">\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
            LEFT + WIDTH + 60, height + 10);
    draw_scale(out, height);
    for (size_t i = 0; i < 3; i++) {
        size_t j;
        json_t *ratio;

        json_array_foreach(
            json_object_get(json_object_get(result, titles[i]), "ratios"), j,
            ratio)
        {
            draw_ratio(out, titles[i], ratio, y);
            y += ROW;
        }
    }
    fputs("</svg>\n", out);
}
