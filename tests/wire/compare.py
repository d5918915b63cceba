#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares two outputs of edge.py case by case. usage: compare.py golden got known

Equal up to what must differ: the server's version, the name of the built-in role, our own ParameterStatus, and the two
names of UTC. Prints differing cases as a diff and the closing line; exit 1 if a case differs that is not in known, or
if one of known does not."""
import difflib
import re
import sys


def cases(path):
    found, name = {}, None
    for line in open(path, encoding='utf-8', errors='replace'):
        line = line.rstrip('\n')
        if line.startswith('## '):
            name = line[3:]
            found[name] = []
        elif name is not None and 'ParameterStatus[mencia_version=' not in line:
            line = re.sub(r'ParameterStatus\[(server_version|session_authorization)=.*\]', r'ParameterStatus[\1=*]', line)
            line = re.sub(r'ParameterStatus\[TimeZone=(Etc/UTC|UTC|Etc/UCT|GMT)\]', 'ParameterStatus[TimeZone=UTC]', line)
            line = re.sub(r"DataRow\['1500\d\d'\]", "DataRow['15']", line)  # server_version_num
            found[name].append(line)
    return found


def known_cases(path):
    lines = [line.rstrip('\n') for line in open(path, encoding='utf-8')]
    return dict(line.split('\t', 1) for line in lines if line and not line.startswith('#'))


def main():
    golden, got, known = cases(sys.argv[1]), cases(sys.argv[2]), known_cases(sys.argv[3])
    passed, failed, expected = 0, 0, 0
    for name, want in golden.items():
        have = got.get(name, ['   <case is missing>'])
        if want == have and name in known:
            failed += 1
            print('%s: passes, but is listed as known to differ (%s)' % (name, known[name]))
        elif want == have:
            passed += 1
        elif name in known:
            expected += 1
        else:
            failed += 1
            print('\n'.join(line[:300] for line in difflib.unified_diff(want, have, 'PostgreSQL 15: ' + name, 'here', lineterm='', n=2)))
    for name in sorted(set(known) - set(golden)):
        failed += 1
        print('%s: listed as known to differ, but there is no such case' % name)
    if expected:
        print('wire: %d known differences (known.txt)' % expected)
    print('wire: %d passed, %d failed' % (passed, failed))
    return 1 if failed else 0


sys.exit(main())
