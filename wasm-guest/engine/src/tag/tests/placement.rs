//! What is added to events that already hold something where a tag goes.

use super::expect_tagged;

#[test]
fn matches_join_those_that_are_there() {
    for (event, tagged) in [
        (r#"{"weir":{}}"#, r#"{"weir":{"matches":[M]},[R],[T],[E],[L]}"#),
        (r#"{"weir":{"a":1 } }"#, r#"{"weir":{"a":1,"matches":[M] },[R],[T],[E],[L] }"#),
        (r#"{"weir":{"matches":[]}}"#, r#"{"weir":{"matches":[M]},[R],[T],[E],[L]}"#),
        (r#"{"weir":{"matches":[ 5 ]}}"#, r#"{"weir":{"matches":[ 5,<M> ]},[R],[T],[E],[L]}"#),
        (r#"{"weir.matches":[]}"#, r#"{"weir.matches":[M],[R],[T],[E],[L]}"#),
        (
            r#"{"weir":{"matches":[{"rule":{"id":"r0"}}]}}"#,
            r#"{"weir":{"matches":[{"rule":{"id":"r0"}},<M>]},[R],[T],[E],[L]}"#,
        ),
    ] {
        expect_tagged(event, tagged);
    }
}

#[test]
fn matches_wrap_what_is_no_array_and_avoid_what_is_no_object() {
    for (event, tagged) in [
        (r#"{"weir":{"matches": null}}"#, r#"{"weir":{"matches": [null,<M>]},[R],[T],[E],[L]}"#),
        (r#"{"weir":{"matches":"x"}}"#, r#"{"weir":{"matches":["x",<M>]},[R],[T],[E],[L]}"#),
        (r#"{"weir.matches":5}"#, r#"{"weir.matches":[5,<M>],[R],[T],[E],[L]}"#),
        (r#"{"weir.matches":{"rule":{"id":"r0"}}}"#, r#"{"weir.matches":[{"rule":{"id":"r0"}},<M>],[R],[T],[E],[L]}"#),
        (r#"{"weir.matches":<M> }"#, r#"{"weir.matches":[M],[R],[T],[E],[L] }"#),
        (r#"{"weir":5}"#, r#"{"weir":5,"weir.matches":[M],[R],[T],[E],[L]}"#),
        (r#"{"weir":null}"#, r#"{"weir":null,"weir.matches":[M],[R],[T],[E],[L]}"#),
        (r#"{"weir":[{"matches":[]}]}"#, r#"{"weir":[{"matches":[]}],"weir.matches":[M],[R],[T],[E],[L]}"#),
        (r#"{"weir.matches.x":1}"#, r#"{"weir.matches.x":1,[W],[R],[T],[E],[L]}"#),
    ] {
        expect_tagged(event, tagged);
    }
}

#[test]
fn only_the_very_bytes_of_a_match_stand_in_for_it() {
    for (event, tagged) in [
        (r#"{"weir":{"matches":[M]}}"#, r#"{"weir":{"matches":[M]},[R],[T],[E],[L]}"#),
        (r#"{"weir.matches":[5, <M> , 6]}"#, r#"{"weir.matches":[5, <M> , 6],[R],[T],[E],[L]}"#),
        (r#"{"weir.matches":[[M]]}"#, r#"{"weir.matches":[[M],<M>],[R],[T],[E],[L]}"#),
        (r#"{"weir.matches":[{"a":<M>}]}"#, r#"{"weir.matches":[{"a":<M>},<M>],[R],[T],[E],[L]}"#),
        (
            r#"{"weir":{"matches":[{"rule":{"id":"r1","id":"zz"}}]}}"#,
            r#"{"weir":{"matches":[{"rule":{"id":"r1","id":"zz"}},<M>]},[R],[T],[E],[L]}"#,
        ),
        (
            r#"{"weir":{"matches":[{"rule":{"id":"zz","id":"r1"}}]}}"#,
            r#"{"weir":{"matches":[{"rule":{"id":"zz","id":"r1"}},<M>]},[R],[T],[E],[L]}"#,
        ),
        (
            r#"{"weir.matches":[{"rule":{"id":"r1"},"severity":"low"}]}"#,
            r#"{"weir.matches":[{"rule":{"id":"r1"},"severity":"low"},<M>],[R],[T],[E],[L]}"#,
        ),
        (
            r#"{"weir.matches":[{"a":1,"rule.id":"\u00721"}]}"#,
            r#"{"weir.matches":[{"a":1,"rule.id":"\u00721"},<M>],[R],[T],[E],[L]}"#,
        ),
    ] {
        expect_tagged(event, tagged);
    }
}

#[test]
fn matches_go_where_the_last_of_equal_keys_is_seen() {
    for (event, tagged) in [
        (r#"{"weir":{},"weir":{}}"#, r#"{"weir":{},"weir":{"matches":[M]},[R],[T],[E],[L]}"#),
        (r#"{"weir":{},"weir":1}"#, r#"{"weir":{},"weir":1,"weir.matches":[M],[R],[T],[E],[L]}"#),
        (r#"{"weir":1,"weir":{}}"#, r#"{"weir":1,"weir":{"matches":[M]},[R],[T],[E],[L]}"#),
        (r#"{"weir":[M],"w\u0065ir":{}}"#, r#"{"weir":[M],"w\u0065ir":{"matches":[M]},[R],[T],[E],[L]}"#),
        (r#"{"weir":{"matches":[]},"weir":{}}"#, r#"{"weir":{"matches":[]},"weir":{"matches":[M]},[R],[T],[E],[L]}"#),
        (r#"{"weir":{"matches":[M]},"weir":{}}"#, r#"{"weir":{"matches":[M]},"weir":{"matches":[M]},[R],[T],[E],[L]}"#),
        (
            r#"{"weir":{"matches":[M]},"weir":5}"#,
            r#"{"weir":{"matches":[M]},"weir":5,"weir.matches":[M],[R],[T],[E],[L]}"#,
        ),
        (r#"{"weir":{"matches":[M],"matches":[]}}"#, r#"{"weir":{"matches":[M],"matches":[M]},[R],[T],[E],[L]}"#),
        (r#"{"weir.matches":[M],"weir.matches":0}"#, r#"{"weir.matches":[M],"weir.matches":[0,<M>],[R],[T],[E],[L]}"#),
    ] {
        expect_tagged(event, tagged);
    }
}

#[test]
fn matches_go_into_the_last_weir_before_the_dotted_key() {
    for (event, tagged) in [
        (r#"{"weir.matches":[M],"weir":{}}"#, r#"{"weir.matches":[M],"weir":{"matches":[M]},[R],[T],[E],[L]}"#),
        (r#"{"weir":{},"weir.matches":[M]}"#, r#"{"weir":{"matches":[M]},"weir.matches":[M],[R],[T],[E],[L]}"#),
        (
            r#"{"weir.matches":[1],"weir":{"matches":[2]}}"#,
            r#"{"weir.matches":[1],"weir":{"matches":[2,<M>]},[R],[T],[E],[L]}"#,
        ),
        (r#"{"weir.matches":[1],"weir":5}"#, r#"{"weir.matches":[1,<M>],"weir":5,[R],[T],[E],[L]}"#),
        (
            r#"{"weir":{"matches":[M]},"weir.matches":[],"weir":5}"#,
            r#"{"weir":{"matches":[M]},"weir.matches":[M],"weir":5,[R],[T],[E],[L]}"#,
        ),
    ] {
        expect_tagged(event, tagged);
    }
}

#[test]
fn a_field_that_is_there_stays_however_it_is_spelt() {
    for (event, tagged) in [
        (r#"{"rule":{"id":"mine"}}"#, r#"{"rule":{"id":"mine","name":"One"},[W],[T],[E],[L]}"#),
        (r#"{"rule.id":"mine"}"#, r#"{"rule.id":"mine",[W],"rule":{"name":"One"},[T],[E],[L]}"#),
        (r#"{"\u0072ule":{"i\u0064":""}}"#, r#"{"\u0072ule":{"i\u0064":"","name":"One"},[W],[T],[E],[L]}"#),
        (r#"{"rule":{"id":null,"name":{}}}"#, r#"{"rule":{"id":null,"name":{}},[W],[T],[E],[L]}"#),
        (r#"{"rule.id":[],"rule":{"name":[]}}"#, r#"{"rule.id":[],"rule":{"name":[]},[W],[T],[E],[L]}"#),
        (r#"{"rule.id.x":1,"rule":{"name.x":1}}"#, r#"{"rule.id.x":1,"rule":{"name.x":1},[W],[T],[E],[L]}"#),
        (r#"{"rule":{"id":1},"rule":{}}"#, r#"{"rule":{"id":1},"rule":{"name":"One"},[W],[T],[E],[L]}"#),
        (r#"{"event":{"severity":9}}"#, r#"{"event":{"severity":9,"risk_score":21},[W],[R],[T],[L]}"#),
        (r#"{"event":{},"event.severity":9}"#, r#"{"event":{"risk_score":21},"event.severity":9,[W],[R],[T],[L]}"#),
        (
            r#"{"threat.technique.id":["T9"]}"#,
            r#"{"threat.technique.id":["T9"],[W],[R],"threat":{"framework":"F","tactic":{"id":["TA1"],"name":["Tactic 1"]},"technique":{"name":["Technique 1"]}},[E],[L]}"#,
        ),
        (
            r#"{"threat":{"technique.id":0,"tactic":{"id":0}}}"#,
            r#"{"threat":{"technique.id":0,"tactic":{"id":0,"name":["Tactic 1"]},"framework":"F","technique":{"name":["Technique 1"]}},[W],[R],[E],[L]}"#,
        ),
    ] {
        expect_tagged(event, tagged);
    }
}

#[test]
fn fields_go_into_the_deepest_object_that_is_there() {
    for (event, tagged) in [
        (r#"{"rule":{ }}"#, r#"{"rule":{"id":"r1","name":"One" },[W],[T],[E],[L]}"#),
        (r#"{"rule":{},"rule":{"a":1}}"#, r#"{"rule":{},"rule":{"a":1,"id":"r1","name":"One"},[W],[T],[E],[L]}"#),
        (r#"{"rule.a":1,"event.kind":"alert"}"#, r#"{"rule.a":1,"event.kind":"alert",[W],[R],[T],[E],[L]}"#),
        (
            r#"{"threat.tactic":{},"z":0}"#,
            r#"{"threat.tactic":{"id":["TA1"],"name":["Tactic 1"]},"z":0,[W],[R],"threat":{"framework":"F","technique":{"id":["T1"],"name":["Technique 1"]}},[E],[L]}"#,
        ),
        (
            r#"{"threat":{"tactic":{}},"threat":{}}"#,
            r#"{"threat":{"tactic":{"id":["TA1"],"name":["Tactic 1"]}},"threat":{"framework":"F","technique":{"id":["T1"],"name":["Technique 1"]}},[W],[R],[E],[L]}"#,
        ),
    ] {
        expect_tagged(event, tagged);
    }
}

#[test]
fn fields_below_what_is_no_object_are_left_out() {
    for (event, tagged) in [
        (r#"{"rule":"x"}"#, r#"{"rule":"x",[W],[T],[E],[L]}"#),
        (r#"{"rule":null,"event":7}"#, r#"{"rule":null,"event":7,[W],[T],[L]}"#),
        (r#"{"rule":{},"rule":[]}"#, r#"{"rule":{},"rule":[],[W],[T],[E],[L]}"#),
        (r#"{"rule":0,"rule":{}}"#, r#"{"rule":0,"rule":{},[W],[T],[E],[L]}"#),
        (
            r#"{"threat":[{"tactic":{}}],"threat.tactic":{}}"#,
            r#"{"threat":[{"tactic":{}}],"threat.tactic":{},[W],[R],[E],[L]}"#,
        ),
        (
            r#"{"threat":{"tactic":"x"}}"#,
            r#"{"threat":{"tactic":"x","framework":"F","technique":{"id":["T1"],"name":["Technique 1"]}},[W],[R],[E],[L]}"#,
        ),
        (
            r#"{"threat":{},"threat.tactic":0,"threat.technique":0}"#,
            r#"{"threat":{"framework":"F"},"threat.tactic":0,"threat.technique":0,[W],[R],[E],[L]}"#,
        ),
    ] {
        expect_tagged(event, tagged);
    }
}

#[test]
fn tags_are_kept_and_completed() {
    for (event, tagged) in [
        (r#"{"tags":[]}"#, r#"{"tags":["TA1","T1","r1"],[W],[R],[T],[E]}"#),
        (r#"{"tags":["a", "\u00541" ]}"#, r#"{"tags":["a", "\u00541","TA1","r1" ],[W],[R],[T],[E]}"#),
        (r#"{"tags":["r1","T1","TA1"]}"#, r#"{"tags":["r1","T1","TA1"],[W],[R],[T],[E]}"#),
        (r#"{"tags":"x"}"#, r#"{"tags":["x","TA1","T1","r1"],[W],[R],[T],[E]}"#),
        (r#"{"tags":"T1" }"#, r#"{"tags":["T1","TA1","r1"],[W],[R],[T],[E] }"#),
        (r#"{"tags":null,"a":0}"#, r#"{"tags":[null,"TA1","T1","r1"],"a":0,[W],[R],[T],[E]}"#),
        (r#"{"tags":7}"#, r#"{"tags":[7,"TA1","T1","r1"],[W],[R],[T],[E]}"#),
        (r#"{"tags":{"a":1}}"#, r#"{"tags":{"a":1},[W],[R],[T],[E]}"#),
        (r#"{"tags.a":1,"tags":[]}"#, r#"{"tags.a":1,"tags":[],[W],[R],[T],[E]}"#),
        (r#"{"tags":["r1"],"tags":[["r1"]]}"#, r#"{"tags":["r1"],"tags":[["r1"],"TA1","T1","r1"],[W],[R],[T],[E]}"#),
    ] {
        expect_tagged(event, tagged);
    }
}
