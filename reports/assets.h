/* SPDX-License-Identifier: GPL-2.0 */
/* Files of this folder that are part of the program: the plots' scripts and the page's style. */
#ifndef REPORTS_ASSETS_H
#define REPORTS_ASSETS_H

extern const char asset_latency_gp[];
extern const char asset_progress_gp[];
extern const char asset_mix_gp[];
extern const char asset_sweep_gp[];
extern const char asset_page_css[];

#endif
