//! Judges events with compiled queries in the engine: does the program mean what EQL means?

mod support;

use self::support::matches;

const START: &str = r#"{
    "event": {"category": "process", "type": "start"},
    "process": {
        "name": "Docker",
        "pid": [50, 300],
        "interactive": true,
        "executable": "C:\\Windows\\docker.exe"
    }
}"#;

#[test]
fn a_query_means_what_eql_means() {
    for (query, expected) in [
        ("process where true", true),
        ("Process where true", false),
        ("file where true", false),
        ("any where true", true),
        ("any where 1 == 1.0 and \"a\" != null and \"b\" >= \"a\"", true),
        ("any where null != null", false),
        (r#"any where process.name >= "D" and process.name < "E""#, true),
        (r#"any where process.name < "A""#, false),
        (r#"any where user.name < "zzz""#, false),
        (r#"any where process.name regex "[A-Z][a-z]+""#, true),
        (r#"any where process.name regex "ocke""#, false),
        (r#"any where process.name regex~ ("x", "DOCK..")"#, true),
        (r#"any where process.executable regex~ """c:\\windows\\\w+\.exe""""#, true),
        (r#"any where process.name : "DOCKER""#, true),
        (r#"any where process.name == "docker""#, false),
        (r#"any where process.name == "D*""#, false),
        (r#"any where process.name like "D*r""#, true),
        (r#"any where process.name like "d*r""#, false),
        (r#"any where process.name like~ "d?????""#, true),
        (r#"any where process.name : ("runc", "dock*")"#, true),
        (r#"any where process.name in ("docker", "Docker")"#, true),
        (r#"any where process.name not in~ ("DOCKER")"#, false),
        (r#"any where process.executable : "c:\\w*""#, true),
        (r#"any where process.executable : """c:\w*.exe""""#, true),
        ("any where process.pid > 100 and process.pid < 200", true),
        ("any where process.pid != 50", false),
        ("any where 200 < process.pid", true),
        ("any where process.interactive", true),
        ("any where not process.interactive == false", true),
        ("any where user.name == null", true),
        ("any where ?user.name != null", false),
        (r#"any where user.name != "root""#, true),
        (r#"any where not user.name : "*""#, true),
        (r#"any where user.name : "root" or process.name : "docker" and event.type == "start""#, true),
        (r#"any where (user.name : "root" or process.name : "docker") and event.type == "end""#, false),
        (r#"any where not user.name : "root" and event.type == "end""#, false),
        (r#"any where not (user.name : "root" and event.type == "end")"#, true),
    ] {
        assert_eq!(matches(query, START), expected, "{query}");
    }
}
