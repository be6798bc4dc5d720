# SPDX-License-Identifier: Apache-2.0
nobase_include_HEADERS += verifier-client/atls/atls.h
pkgconfig_DATA += verifier-client/atls.pc
