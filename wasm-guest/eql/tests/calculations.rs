//! What functions and arithmetic calculate, as Elasticsearch documents and tests them: a table for each.

mod support;

use self::support::matches;

const EVENT: &str = r#"{
    "name": "regsvr32.exe", "path": "C:\\Windows\\System32\\cmd.exe", "domain": "subdomain.example.com",
    "line": "welcome to the planet", "empty": "", "one": 1, "two": 2, "four": 4, "ten": 10, "half": 0.5, "flag": true,
    "most": 9223372036854775807, "least": -9223372036854775808, "hex": "0xdeadbeef", "digits": " 1337 ",
    "smile": "a😀b", "kelvin": "xKy", "many": ["a", "bb", "ccc"], "numbers": [1, 10], "star": "a*c",
    "user": {"name": "HOST1$"}, "host": {"name": "host1", "ip": ["10.0.0.1", "fe80::1"]}, "ip": "192.168.152.12",
    "mapped": "::ffff:10.1.2.3", "source": {"ip": "10.0.0.1"}
}"#;

/// Each row: a condition, and whether `EVENT` fulfils it.
fn check(rows: &[(&str, bool)]) {
    for (condition, expected) in rows {
        assert_eq!(matches(&format!("any where {condition}"), EVENT), *expected, "{condition}");
    }
}

/// Each row: an expression, and what it equals.
fn check_values(rows: &[(&str, &str)]) {
    for (expression, value) in rows {
        assert!(matches(&format!("any where {expression} == {value}"), EVENT), "{expression} == {value}");
        assert!(!matches(&format!("any where {expression} != {value}"), EVENT), "{expression} != {value}");
    }
}

#[test]
fn arithmetic_is_exact_on_whole_numbers_and_cuts_their_quotients() {
    check_values(&[
        ("four + 5", "9"),
        ("four + half", "4.5"),
        ("four - 5 - 1", "-2"),
        ("2 + four * 3", "14"),
        ("(2 + four) * 3", "18"),
        ("-four", "-4"),
        ("- -four", "4"),
        ("+four", "4"),
        ("ten / four", "2"),
        ("ten / 4.0", "2.5"),
        ("-ten / four", "-2"),
        ("ten / four * four", "8"),
        ("ten % four", "2"),
        ("ten % -6", "4"),
        ("-ten % -6", "-4"),
        ("ten % half", "0"),
        ("add(ten, -2)", "8"),
        ("subtract(ten, add(one, two))", "7"),
        ("multiply(half, two)", "1"),
        ("divide(four, 3)", "1"),
        ("divide(four, 0.5)", "8"),
        ("modulo(106, ten)", "6"),
        ("most - 1", "9223372036854775806"),
        ("least / -1", "-9223372036854775808"),
        ("3 + 4 - 5 * 6 / 7", "3"),
        ("most + 1", "null"),
        ("-least", "null"),
        ("four / 0", "null"),
        ("four % 0", "null"),
        ("name + 1", "null"),
        ("missing + 1", "null"),
        ("add(four, null)", "null"),
    ]);
    check(&[
        ("four / 0.0 > 1000", true),
        ("0.0 / (four - 4) == 0", false),
        ("four + 1 > 4 and four + 1 <= 5", true),
        ("70 + four < 100", true),
        ("100 > 70 + four", true),
        ("four in (2 + 2, 9)", true),
        ("(four * 2) in (7, 8)", true),
        ("not missing * 2 == 4", true),
    ]);
}

#[test]
fn between() {
    check_values(&[
        (r#"between(path, "System32\\", ".exe")"#, r#""cmd""#),
        (r#"between(path, "system32\\", ".exe")"#, r#""""#),
        (r#"between~(path, "system32\\", ".EXE")"#, r#""cmd""#),
        (r#"between(path, "workspace\\", ".exe")"#, r#""""#),
        (r#"between(path, "\\", "\\")"#, r#""Windows""#),
        (r#"between(path, "\\", "\\", false)"#, r#""Windows""#),
        (r#"between(path, "\\", "\\", true)"#, r#""Windows\\System32""#),
        (r#"between(line, "welcome", "e", true)"#, r#"" to the plan""#),
        (r#"between(line, "welcome", "village")"#, r#""""#),
        (r#"between(line, "planet", "welcome", true)"#, "null"),
        (r#"between(empty, "a", "b")"#, r#""""#),
        (r#"between(line, "", "x")"#, r#""welcome to the planet""#),
        (r#"between~(kelvin, "X", "Y")"#, r#""K""#),
        (r#"between~(concat(kelvin, smile), "k", "B")"#, r#""ya😀""#),
        (r#"between(missing, "a", "b")"#, "null"),
    ]);
}

#[test]
fn cidr_match() {
    check(&[
        (r#"cidrMatch(ip, "192.168.0.0/16")"#, true),
        (r#"cidrmatch(ip, "10.0.0.0/8", "192.168.152.12")"#, true),
        (r#"cidrMatch(ip, "10.0.0.0/8", "10.128.0.0/9")"#, false),
        (r#"cidrMatch(ip, "192.168.152.200/25")"#, false),
        (r#"cidrMatch(ip, "192.168.152.100/25")"#, true),
        (r#"cidrMatch(ip, "0.0.0.0/0")"#, true),
        (r#"cidrMatch(host.ip, "0.0.0.0/0")"#, true),
        (r#"cidrMatch(host.ip, "FE80::/10")"#, true),
        (r#"cidrMatch(host.ip, "::1/128")"#, false),
        (r#"cidrMatch(ip, "::/0")"#, true),
        (r#"cidrMatch(mapped, "10.1.0.0/16")"#, true),
        (r#"cidrMatch(name, "0.0.0.0/0", "::/0")"#, false),
        (r#"not cidrMatch(missing, "0.0.0.0/0")"#, true),
        (r#"cidrMatch(ip, "10.0.0.0/8") == false"#, true),
        (r#"cidrMatch(ip, "192.168.0.0/16") != true"#, false),
        (r#"string(cidrMatch(ip, "192.168.0.0/16")) : "TRUE""#, true),
        ("cidrMatch(ip, null)", false),
    ]);
}

#[test]
fn concat_and_string() {
    check_values(&[
        (r#"concat(name, " ", 42, " ", 42.5, " ", true)"#, r#""regsvr32.exe 42 42.5 true""#),
        (r#"concat(name, substring(line, 0, 3), concat(four, "!"), name)"#, r#""regsvr32.exewel4!regsvr32.exe""#),
        ("concat(name)", r#""regsvr32.exe""#),
        (r#"concat(half, flag)"#, r#""0.5true""#),
        ("concat(name, null)", "null"),
        ("concat(name, missing)", "null"),
        ("concat(missing, name)", "null"),
        ("string(42.5)", r#""42.5""#),
        ("string(four + 1)", r#""5""#),
        ("string(four * half)", r#""2.0""#),
        ("string(flag)", r#""true""#),
        ("string(four > 3)", r#""true""#),
        ("string(four > 3 and ten != 11)", r#""true""#),
        ("string(four == 3 or not flag)", r#""false""#),
        ("string(four in (3, 4))", r#""true""#),
        ("string(missing == 1 or four == 4)", r#""true""#),
        ("string(missing == 1 and four == 4)", "null"),
        ("string(missing)", "null"),
        ("(missing > -1)", "null"),
    ]);
}

#[test]
fn ends_starts_and_contains() {
    check(&[
        (r#"endsWith(name, ".exe")"#, true),
        (r#"ENDSWITH(name, ".EXE")"#, false),
        (r#"endsWith~(name, ".EXE")"#, true),
        (r#"endsWith("regsvr32.exe", name)"#, true),
        (r#"endsWith(missing, "")"#, false),
        (r#"endsWith(empty, "")"#, true),
        (r#"startsWith(name, "regsvr32")"#, true),
        (r#"startsWith(name, "Regsvr32")"#, false),
        (r#"startsWith~("REGSVR32.exe.mui", name)"#, true),
        (r#"startsWith~(user.name, host.name)"#, true),
        (r#"startsWith~(host.name, substring(user.name, 0, -1))"#, true),
        (r#"startsWith(star, "a*")"#, true),
        (r#"startsWith(name, "*")"#, false),
        (r#"stringContains(name, "svr")"#, true),
        (r#"stringContains~(name, "SVR")"#, true),
        (r#"stringContains(star, "?")"#, false),
        (r#"stringContains(star, "*c")"#, true),
        (r#"stringContains(name, "")"#, false),
        (r#"stringContains("ABregsvr32.exeYZ", name)"#, true),
        (r#"stringContains~(kelvin, "XKY")"#, true),
        (r#"not stringContains(name, missing)"#, true),
        (r#"endsWith(name, ".exe") == true and endsWith(name, ".dll") != true"#, true),
        (r#"startsWith("ab", "a")"#, true),
    ]);
}

#[test]
fn index_of() {
    check_values(&[
        (r#"indexOf(domain, "d")"#, "3"),
        (r#"indexOf(domain, "D")"#, "null"),
        (r#"indexOf~(domain, "D")"#, "3"),
        (r#"indexOf(domain, ".")"#, "9"),
        (r#"indexOf(domain, ".", 9)"#, "9"),
        (r#"indexOf(domain, ".", 10)"#, "17"),
        (r#"indexOf(domain, ".", -6)"#, "9"),
        (r#"indexOf(domain, "", 9)"#, "9"),
        (r#"indexOf(empty, "")"#, "0"),
        (r#"indexOf(domain, ".", 30)"#, "null"),
        (r#"indexOf(domain, "", 30)"#, "null"),
        (r#"indexOf(domain, ".", null)"#, "9"),
        (r#"indexOf(smile, "b")"#, "3"),
        (r#"indexOf(smile, "b", 2)"#, "3"),
        (r#"indexOf(missing, "b")"#, "null"),
    ]);
}

#[test]
fn length() {
    check_values(&[
        ("length(name)", "12"),
        ("length(empty)", "0"),
        ("length(smile)", "4"),
        (r#"length("start explorer.exe")"#, "18"),
        ("length(most)", "19"),
        ("length(missing)", "null"),
        ("length(null)", "null"),
        (r#"length(between(name, "g", "r"))"#, "2"),
    ]);
    check(&[
        ("length(many) > 2 and length(many) < 2", true),
        ("length(many) > 3", false),
        ("not length(many) == 2", false),
        ("length(many) in (9, 3)", true),
        ("12 == length(name)", true),
        ("not length(missing) > 0", true),
    ]);
}

#[test]
fn number() {
    check_values(&[
        (r#"number("42.5")"#, "42.5"),
        (r#"number("+1337")"#, "1337"),
        (r#"number("-3.14", 10)"#, "-3.14"),
        (r#"number("deadbeef", 16)"#, "3735928559"),
        ("number(hex)", "3735928559"),
        ("number(hex, 16)", "3735928559"),
        ("number(hex, null)", "3735928559"),
        ("number(hex, 10)", "null"),
        ("number(digits)", "1337"),
        (r#"number("052403", 8)"#, "21763"),
        (r#"number("52403", 7)"#, "12890"),
        (r#"number("8", 8)"#, "null"),
        (r#"number("1", 99)"#, "null"),
        ("number(empty)", "null"),
        ("number(name)", "null"),
        ("number(string(four))", "4"),
        ("four", r#"number("4")"#),
    ]);
}

#[test]
fn substring() {
    check_values(&[
        ("substring(line, 8)", r#""to the planet""#),
        ("substring(line, 0, 7)", r#""welcome""#),
        ("substring(line, 8, 10)", r#""to""#),
        ("substring(name, -4)", r#"".exe""#),
        ("substring(name, -4, -1)", r#"".ex""#),
        ("substring(name, -60, 3)", r#""reg""#),
        ("substring(name, 0, 500)", r#""regsvr32.exe""#),
        ("substring(name, 5, 2)", r#""""#),
        ("substring(name, 50)", r#""""#),
        ("substring(name, 0, -50)", r#""""#),
        ("substring(smile, 3)", r#""b""#),
        ("substring(smile, 1, 3)", r#""😀""#),
        ("substring(name, 8, null)", r#"".exe""#),
        ("substring(name, null)", r#""regsvr32.exe""#),
        ("substring(name, null, 3)", r#""regsvr32.exe""#),
        ("substring(missing, null)", "null"),
        ("substring(missing, 1)", "null"),
    ]);
    check(&[
        (r#"substring(name, -4) : ".E?E""#, true),
        (r#"substring(name, 8) like ("x", ".e*")"#, true),
        (r#"substring(name, 8) regex~ "\\.EXE""#, true),
        (r#"substring(name, 8) in~ (".EXE")"#, true),
        (r#"substring(name, 8) not in (".EXE")"#, true),
        (r#"substring(missing, 8) like "*""#, false),
        (r#"substring(name, 8) : "*""#, true),
        (r#"substring(name, 8) > ".e""#, true),
    ]);
}

#[test]
fn each_combination_of_values_counts() {
    check(&[
        (r#"concat(many, numbers) == "bb10""#, true),
        (r#"concat(many, numbers) == "bb2""#, false),
        ("add(four, numbers) > 13", true),
        ("not add(four, numbers) == 5", false),
        // one of the two addresses contains the other, one doesn't
        ("indexOf(host.ip, source.ip) == null", true),
        ("indexOf(host.ip, source.ip) != null", false),
        ("indexOf(host.ip, source.ip) == 0", true),
        ("startsWith(host.ip, source.ip) and not startsWith(host.ip, ip)", true),
        ("concat(many, missing) == null", true),
        ("concat(many, many) : \"abb\"", false),
    ]);
}
