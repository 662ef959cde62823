use super::*;

fn rule(id: &str, query: &str) -> RuleFile {
    let head = "name = 'Test'
severity = 'low'
risk_score = 21
type = 'eql'
language = 'eql'";
    let text = format!(
        "[rule]
rule_id = '{id}'
{head}
query = '''{query}'''
"
    );
    RuleFile::parse(format!("{id}.toml"), &text).unwrap_or_else(|problems| panic!("{}", problems[0]))
}

fn compiled(queries: &[&str]) -> Program {
    let rules = queries.iter().enumerate().map(|(number, query)| rule(&number.to_string(), query)).collect::<Vec<_>>();
    compile(&rules, Folding::Unicode).expect("valid rules")
}

#[test]
fn rules_share_fields_and_predicates() {
    let program = compiled(&["process where b == 1 and a : \"x\"", "process where a : \"x\" and a : \"y\""]);
    assert_eq!(program.fields, ["a", "b", "event.category"]);
    assert_eq!(program.predicates.len(), 4);
    let conditions: Vec<_> = program.rules.iter().map(|rule| &rule.condition).collect();
    let all = |numbers: [u32; 3]| Condition::All(numbers.map(Condition::Predicate).to_vec());
    assert_eq!(conditions, [&all([0, 1, 2]), &all([0, 2, 3])]);
}

#[test]
fn rules_share_what_is_calculated() {
    let program = compiled(&["any where length(b) > 1 or length(b) < 9", "any where length(b) > 1 and b + a == 1"]);
    assert_eq!((program.fields.len(), program.calculated.len(), program.predicates.len()), (2, 2, 3));
    let numbers: Vec<_> = program.predicates.iter().map(|predicate| predicate.field).collect();
    assert_eq!(numbers, [2, 2, 3]);
}

#[test]
fn a_predicate_without_influence_is_left_out() {
    let program = compiled(&["any where false and a == 1", "any where true or b == 1"]);
    assert!(program.fields.is_empty() && program.predicates.is_empty(), "{program:?}");
    assert_eq!(program.rules[0].condition, Condition::Constant(false));
    assert_eq!(program.rules[1].condition, Condition::Constant(true));
}

#[test]
fn the_deepest_query_gives_a_condition_that_can_be_walked() {
    let levels = 20;
    let query = format!("any where {}a{}", "not (a and (b or ".repeat(levels), "))".repeat(levels));
    assert!(depth(&compiled(&[&query]).rules[0].condition) <= 3 * levels + 1);
}

fn depth(condition: &Condition) -> usize {
    1 + match condition {
        Condition::Constant(_) | Condition::Predicate(_) => 0,
        Condition::Not(inner) => depth(inner),
        Condition::All(inner) | Condition::Any(inner) => inner.iter().map(depth).max().unwrap_or(0),
    }
}

#[test]
fn an_id_belongs_to_one_rule() {
    let rules = [rule("a", "any where true"), rule("b", "any where true"), rule("a", "any where false")];
    let problems = compile(&rules, Folding::Unicode).expect_err("`a` is there twice");
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].message(), "two rules have the id `a`");
}

#[test]
fn problems_of_all_rules_are_reported_together() {
    let rules = [rule("a", "any where length() > 1"), rule("b", "any where a == b")];
    assert_eq!(compile(&rules, Folding::Unicode).expect_err("both are refused").len(), 2);
}
