/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/unit.h"

#include "pgwire/scram.h"

/* Made by PostgreSQL 15: CREATE ROLE … PASSWORD 'secret', read from pg_authid. */
static const char pg_verifier[] =
    "SCRAM-SHA-256$4096:uTDfHYhLB293KxFXu2+2AA==$HAP/rwjMYmYUuXRq4e7kifTF1l8lcjKtbwwgspdNDUY=:"
    "41DDXqAWJQO27qEEvkAA+RowjrlV3yIOIE4LIwLmm5o=";

static void test_verifier_round_trip(void **state)
{
    char text[SCRAM_VERIFIER_BYTES], again[SCRAM_VERIFIER_BYTES];
    scram_verifier_make("pässword", SCRAM_ITERATIONS, text);
    scram_verifier_make("pässword", SCRAM_ITERATIONS, again);
    assert_string_not_equal(text, again);
    assert_int_equal(strlen(text), 14 + 5 + 24 + 1 + 44 + 1 + 44);
    assert_true(scram_verifier_check(text, "pässword"));
    assert_false(scram_verifier_check(text, "password"));
    assert_false(scram_verifier_check(text, ""));
    assert_true(scram_verifier_check(pg_verifier, "secret"));
    assert_false(scram_verifier_check(pg_verifier, "Secret"));
}

static void test_saslprep_spaces(void **state)
{
    char text[SCRAM_VERIFIER_BYTES];
    scram_verifier_make("a\xC2\xA0\xC2\xAD"
                        "b",
                        2, text);
    assert_true(scram_verifier_check(text, "a b"));
}

static void test_bad_verifiers(void **state)
{
    static const char *const bad[] = {
        "",
        "md5abc",
        "SCRAM-SHA-256$4096",
        "SCRAM-SHA-256$:AAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "SCRAM-SHA-256$0:AAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "SCRAM-SHA-256$4x:AAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "SCRAM-SHA-256$1:AAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "SCRAM-SHA-256$1:AAAA$AAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "SCRAM-SHA-256$1:AA=A$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(scram_verifier_parse(bad[i], NULL));
    /* The one auth.c checks against when there is no such role: it must parse, to take as long. */
    assert_true(scram_verifier_parse("SCRAM-SHA-256$4096:AAAAAAAAAAAAAAAAAAAAAA==$"
                                     "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:"
                                     "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                                     NULL));
}

static void first(bool plus, const char *mechanism, const char *message, const char *sqlstate, const char *text)
{
    static const uint8_t mock_key[32] = {1};
    uint8_t end_point[32] = {7};
    struct scram_server scram;
    struct strbuf out;
    struct error err;
    strbuf_init(&out);
    scram_server_init(&scram, pg_verifier, "u", mock_key, end_point, plus ? 32 : 0);
    bool ok = scram_server_first(&scram, mechanism, strview_of(message), &out, &err);
    assert_int_equal(ok, sqlstate == NULL);
    if (ok)
        assert_memory_equal(out.data, text, strlen(text));
    else {
        assert_string_equal(err.sqlstate, sqlstate);
        if (!strstr(err.message, text) && !strstr(err.detail, text))
            fail_msg("%s (%s)", err.message, err.detail);
    }
    scram_server_release(&scram);
    strbuf_release(&out);
}

static void test_first_messages(void **state)
{
    const char *plain = "SCRAM-SHA-256", *plus = "SCRAM-SHA-256-PLUS";
    first(false, plain, "n,,n=,r=abc", NULL, "r=abc");
    first(false, plain, "y,,n=,r=abc", NULL, "r=abc");
    first(true, plain, "n,,n=,r=abc", NULL, "r=abc");
    first(true, plus, "p=tls-server-end-point,,n=,r=abc", NULL, "r=abc");
    first(true, plain, "y,,n=,r=abc", "28000", "channel binding negotiation error");
    first(true, plus, "p=tls-unique,,n=,r=abc", "08P01", "tls-unique");
    first(true, plus, "n,,n=,r=abc", "08P01", "does not include channel binding data");
    first(true, plain, "p=tls-server-end-point,,n=,r=abc", "08P01", "includes channel binding data");
    first(false, plus, "p=tls-server-end-point,,n=,r=abc", "08P01", "invalid SASL authentication mechanism");
    first(false, "PLAIN", "n,,n=,r=abc", "08P01", "invalid SASL authentication mechanism");
    first(false, plain, "n,a=root,n=,r=abc", "0A000", "authorization identity");
    first(false, plain, "n,,m=x,n=,r=abc", "0A000", "unsupported SCRAM extension");
    first(false, plain, "", "08P01", "empty");
    first(false, plain, "n", "08P01", "Comma expected, but found character \"0x00\".");
    first(false, plain, "nx,,", "08P01", "Comma expected, but found character \"'x'\".");
    first(false, plain, "z,,", "08P01", "Unexpected channel-binding flag \"'z'\".");
    first(false, plain, "n,b,n=,r=abc", "08P01", "Unexpected attribute \"'b'\" in client-first-message.");
    first(false, plain, "n,,", "08P01", "Expected attribute \"n\" but found \"0x00\".");
    first(false, plain, "n,,n", "08P01", "Expected character \"=\" for attribute \"n\".");
    first(false, plain, "n,,n=,x=abc", "08P01", "Expected attribute \"r\" but found \"'x'\".");
    first(false, plain, "n,,n=,r=abc,ext=1", "08P01", "Expected character \"=\" for attribute \"e\".");
    first(false, plain, "n,,n=,r=abc,e=1", NULL, "r=abc");
    first(false, plain, "n,,n=,r=abc,1=1", "08P01", "found invalid character \"'1'\".");
    first(false, plain, "n,,n=,r=a\x01", "08P01", "non-printable");
    char long_nonce[600] = "n,,n=,r=";
    memset(long_nonce + 8, 'a', sizeof long_nonce - 9);
    first(false, plain, long_nonce, "08P01", "too long");
}

static void test_mock_salt_is_stable(void **state)
{
    static const uint8_t mock_key[32] = {1};
    struct scram_server a, b, c;
    scram_server_init(&a, NULL, "nobody", mock_key, NULL, 0);
    scram_server_init(&b, "", "nobody", mock_key, NULL, 0);
    scram_server_init(&c, NULL, "somebody", mock_key, NULL, 0);
    assert_true(a.doomed && b.doomed);
    assert_int_equal(a.secret.iterations, SCRAM_ITERATIONS);
    assert_int_equal(a.secret.salt_len, 16);
    assert_memory_equal(a.secret.salt, b.secret.salt, 16);
    assert_memory_not_equal(a.secret.salt, c.secret.salt, 16);
    scram_server_release(&a);
    scram_server_release(&b);
    scram_server_release(&c);
}

/* RFC 7677, section 3: the client's side of this exchange is fixed, so the server's part of the nonce is put in. */
static void test_rfc_exchange(void **state)
{
    static const char final[] = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                                "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    static const char server_first[] =
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
    static const uint8_t mock_key[32] = {1};
    struct scram_server scram;
    struct strbuf out;
    struct error err;
    strbuf_init(&out);
    scram_server_init(&scram,
                      "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
                      "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
                      "user", mock_key, NULL, 0);
    assert_ok(scram_server_first(&scram, "SCRAM-SHA-256", STRVIEW("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"), &out, &err),
              &err);
    strbuf_clear(&scram.auth);
    strbuf_add_cstr(&scram.auth, "n=user,r=rOprNGfwEbeRWgbNEkqO,");
    strbuf_add_cstr(&scram.auth, server_first);
    snprintf(scram.nonce, sizeof scram.nonce, "rOprNGfwEbeRWgbNEkqO%%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");
    strbuf_clear(&out);
    assert_ok(scram_server_final(&scram, STRVIEW(final), &out, &err), &err);
    assert_string_equal(out.data, "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    strbuf_release(&out);
    scram_server_release(&scram);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verifier_round_trip), cmocka_unit_test(test_saslprep_spaces),
        cmocka_unit_test(test_bad_verifiers),       cmocka_unit_test(test_first_messages),
        cmocka_unit_test(test_mock_salt_is_stable), cmocka_unit_test(test_rfc_exchange),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
