# SPDX-License-Identifier: Apache-2.0
"""ssl_suite.py: runs CPython's own test_ssl, as the distribution packages it.

Prints one line for each test: its name and what became of it. Tests that need
the Internet are skipped.
"""
import sys
import unittest

from test import support


class Lines(unittest.TestResult):
    def addSuccess(self, test):
        print(test.id(), "passed")

    def addSkip(self, test, reason):
        print(test.id(), "skipped:", reason)

    def addExpectedFailure(self, test, err):
        print(test.id(), "failed as expected")

    def addUnexpectedSuccess(self, test):
        print(test.id(), "passed unexpectedly")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        print(test.id(), "failed")
        print(self.failures[-1][1], file=sys.stderr)

    def addError(self, test, err):
        super().addError(test, err)
        print(test.id(), "failed by an error")
        print(self.errors[-1][1], file=sys.stderr)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            print(subtest.id(), "failed")


def main():
    support.verbose = 0
    support.use_resources = []
    from test import test_ssl
    suite = unittest.defaultTestLoader.loadTestsFromModule(test_ssl)
    result = Lines()
    suite.run(result)
    print("run:", result.testsRun)


if __name__ == "__main__":
    main()
