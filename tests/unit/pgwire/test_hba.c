/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/unit.h"

#include "pgwire/hba.h"

static struct hba *parse(const char *text)
{
    struct hba *hba = NULL;
    struct error err;
    assert_ok(hba_parse(text, strlen(text), "hba.conf", &hba, &err), &err);
    return hba;
}

/* "t", "r", "s", "p" for the method, "-" without a match. */
static char match(const struct hba *hba, const char *addr, bool tls, const char *database, const char *user)
{
    struct net_addr peer = {.text = "[local]"};
    enum hba_method method;
    if (addr)
        assert_true(net_addr_parse(addr, &peer));
    if (!hba_match(hba, &peer, tls, database, user, &method))
        return '-';
    return "rtsp"[method];
}

static void test_default_rules(void **state)
{
    struct hba *hba = hba_default();
    assert_int_equal(match(hba, NULL, false, "d", "u"), 't');
    assert_int_equal(match(hba, "127.0.0.1", false, "d", "u"), 't');
    assert_int_equal(match(hba, "127.8.9.1", true, "d", "u"), 't');
    assert_int_equal(match(hba, "::1", false, "d", "u"), 't');
    assert_int_equal(match(hba, "::ffff:127.0.0.1", false, "d", "u"), 't');
    assert_int_equal(match(hba, "10.0.0.1", false, "d", "u"), 's');
    assert_int_equal(match(hba, "fe80::1", true, "d", "u"), 's');
    hba_free(hba);
}

static void test_grammar(void **state)
{
    struct hba *hba = parse("# comment\n"
                            "\n"
                            "local   all, other   \"all\"   trust   # a user called all\n"
                            "hostssl sales,\"two words\" alice,bob 10.1.0.0/16 scram-sha-256\r\n"
                            "hostnossl all all 10.1.0.0 255.255.0.0 reject\n"
                            "host sameuser all \\\n  192.168.1.0/24 \\\n password\n"
                            "host all all 2001:db8::/33 md5\n"
                            "host \"all\" carol 0.0.0.0/0 trust\n"
                            "host replication all all trust\n"
                            "host all dave samehost trust");
    assert_int_equal(hba_rule_count(hba), 8);
    assert_int_equal(match(hba, NULL, false, "x", "all"), 't');
    assert_int_equal(match(hba, NULL, false, "x", "bob"), '-');
    assert_int_equal(match(hba, "10.1.2.3", true, "sales", "alice"), 's');
    assert_int_equal(match(hba, "10.1.2.3", true, "two words", "bob"), 's');
    assert_int_equal(match(hba, "10.1.2.3", true, "sales", "eve"), '-');
    assert_int_equal(match(hba, "10.1.2.3", false, "sales", "alice"), 'r');
    assert_int_equal(match(hba, "10.2.2.3", true, "sales", "alice"), '-');
    assert_int_equal(match(hba, "192.168.1.77", false, "eve", "eve"), 'p');
    assert_int_equal(match(hba, "192.168.1.77", false, "eve", "adam"), '-');
    assert_int_equal(match(hba, "2001:db8:7fff::1", false, "x", "eve"), 's');
    assert_int_equal(match(hba, "2001:db8:8000::1", false, "x", "eve"), '-');
    assert_int_equal(match(hba, "9.9.9.9", false, "x", "carol"), '-');
    assert_int_equal(match(hba, "9.9.9.9", false, "all", "carol"), 't');
    assert_int_equal(match(hba, "9.9.9.9", false, "replication", "eve"), '-');
    assert_int_equal(match(hba, "127.0.0.1", false, "x", "dave"), 't');
    assert_int_equal(match(hba, "9.9.9.9", false, "x", "dave"), '-');
    hba_free(hba);
}

static void test_errors_name_file_and_line(void **state)
{
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"\nhosts all all all trust", "hba.conf:2: invalid connection type \"hosts\""},
        {"local all all trust\n#\nlocal all", "hba.conf:3: end-of-line before role specification"},
        {"host all all 10.0.0.0/33 trust", "hba.conf:1: invalid CIDR mask in address \"10.0.0.0/33\""},
        {"host all all 10.0.0.0/ trust", "hba.conf:1: invalid CIDR mask in address \"10.0.0.0/\""},
        {"host all all 10.0.0.0/-1 trust", "hba.conf:1: invalid CIDR mask in address \"10.0.0.0/-1\""},
        {"host all all 10.0.0.0", "hba.conf:1: end-of-line before netmask specification"},
        {"host all all 10.0.0.0 255.0.255.0 trust", "hba.conf:1: invalid IP mask \"255.0.255.0\""},
        {"host all all 10.0.0.0 ::1 trust", "hba.conf:1: IP address and mask do not match"},
        {"host all all example.com trust", "hba.conf:1: invalid IP address \"example.com\""},
        {"host all all", "hba.conf:1: end-of-line before IP address specification"},
        {"local all all", "hba.conf:1: end-of-line before authentication method"},
        {"local all all kerberos", "hba.conf:1: invalid authentication method \"kerberos\""},
        {"local all all trust map=x", "hba.conf:1: authentication options are not supported: \"map=x\""},
        {"local all \"x trust", "hba.conf:1: unterminated quoted string"},
        {"local all, trust", "hba.conf:1: end-of-line before role specification"},
        {"local ,all all trust", "hba.conf:1: empty name in a list"},
        {"local all +admins trust", "hba.conf:1: name lists by group, file or pattern are not supported: \"+admins\""},
        {"local samerole all trust", "hba.conf:1: database keyword \"samerole\" is not supported"},
        {"# nothing\n", "hba.conf: contains no entries"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct hba *hba;
        struct error err;
        assert_sqlstate(hba_parse(bad[i].text, strlen(bad[i].text), "hba.conf", &hba, &err), &err, "F0000");
        assert_string_equal(err.message, bad[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default_rules),
        cmocka_unit_test(test_grammar),
        cmocka_unit_test(test_errors_name_file_and_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
