# SPDX-License-Identifier: Apache-2.0
dist_man_MANS += man/atls.1 man/atls.5 man/atls.7 man/atlsd.8
