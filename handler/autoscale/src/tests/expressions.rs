//! Template expressions: each function, and each reason for having no value.

use serde_json::{Map, json};

use super::*;
use crate::template::{Scope, Unresolved, Work};

/// A template with one value of each kind.
fn template() -> Value {
    json!({
        "parameters": {
            "minimum": {"type": "int", "defaultValue": 2},
            "name": {"type": "string", "defaultValue": "[concat('as-', parameters('MINIMUM'))]"},
            "needed": {"type": "string"},
            "exported": {"type": "string", "defaultValue": null},
            "optional": {"type": "int", "nullable": true},
        },
        "variables": {
            "list": [1, 2, 3],
            "object": {"One": 1, "deep": {"item": ["[variables('list')]"]}, "unknown": "[reference('x')]"},
            "copy": [{"name": "copied", "count": 3, "input": 1}],
            "circle": "[variables('Circle2')]",
            "circle2": "[concat(variables('circle'), 'x')]",
            "self": {"a": "[variables('self').b]", "b": 1},
        },
    })
}

fn evaluated(expression: &str, given: &Value) -> Result<Value, String> {
    let (template, work) = (template(), Work::default());
    let scope = Scope::new(
        template.as_object().expect("it is an object"),
        given.as_object().expect("it is an object"),
        &work,
    );
    scope.value(&json!(expression))
}

fn value(expression: &str) -> Value {
    evaluated(expression, &json!({})).unwrap_or_else(|reason| panic!("{expression}: {reason}"))
}

fn reason(expression: &str) -> String {
    evaluated(expression, &json!({})).expect_err(expression)
}

#[test]
fn texts_are_expressions_only_in_single_brackets() {
    assert_eq!(value("plain"), json!("plain"));
    assert_eq!(value("[plain"), json!("[plain"));
    assert_eq!(value("[a] b"), json!("[a] b"));
    assert_eq!(value("[[a]"), json!("[a]"));
    assert_eq!(value("[[a] b"), json!("[[a] b"));
    assert_eq!(value("['it''s']"), json!("it's"));
    assert_eq!(value("[ \n add ( 1 ,\t-2 ) ]"), json!(-1));
}

#[test]
fn each_function_gives_what_the_documentation_says() {
    for (expression, expected) in [
        ("concat('a', 'b', 1)", json!("ab1")),
        (
            "concat(createArray(1), createArray('a', 2))",
            json!([1, "a", 2]),
        ),
        ("format('{0}-{1}-{0}', 'a', 1)", json!("a-1-a")),
        ("format('{{{0}}}', true())", json!("{True}")),
        ("format('none')", json!("none")),
        ("string(10)", json!("10")),
        ("string('a')", json!("a")),
        ("string(createArray('a', 1))", json!("[\"a\",1]")),
        ("string(false())", json!("False")),
        ("int('4')", json!(4)),
        ("int(-4)", json!(-4)),
        ("float('3.5')", json!(3.5)),
        ("float(3)", json!(3.0)),
        ("bool('TRUE')", json!(true)),
        ("bool(0)", json!(false)),
        ("if(equals('a', 'a'), 1, 2)", json!(1)),
        ("if(false(), unknown(), 2)", json!(2)),
        ("equals('a', 'A')", json!(false)),
        ("equals(1, float('1'))", json!(true)),
        ("equals(createArray(1), createArray(1))", json!(true)),
        ("not(true())", json!(false)),
        ("and(true(), true(), false())", json!(false)),
        ("and(false(), unknown())", json!(false)),
        ("and(true(), true())", json!(true)),
        ("or(false(), true())", json!(true)),
        ("or(true(), unknown())", json!(true)),
        ("or(false(), false())", json!(false)),
        ("empty('')", json!(true)),
        ("empty(null())", json!(true)),
        ("empty(createArray(1))", json!(false)),
        ("empty(createObject())", json!(true)),
        ("length('née')", json!(3)),
        ("length(variables('list'))", json!(3)),
        ("length(createObject('a', 1))", json!(1)),
        ("coalesce(null(), null(), 'a', unknown())", json!("a")),
        ("coalesce(null())", json!(null)),
        ("null()", json!(null)),
        ("contains('abc', 'b')", json!(true)),
        ("contains('abc', 'B')", json!(false)),
        ("contains(variables('list'), 2)", json!(true)),
        ("contains(variables('list'), '2')", json!(false)),
        ("contains(createObject('Key', 1), 'key')", json!(true)),
        ("createArray()", json!([])),
        (
            "createObject('a', 1, 'b', createArray('c'))",
            json!({"a": 1, "b": ["c"]}),
        ),
        ("array(1)", json!([1])),
        ("array(createArray(1))", json!([1])),
        ("first(variables('list'))", json!(1)),
        ("first('né')", json!("n")),
        ("last('né')", json!("é")),
        ("last(createArray())", json!(null)),
        (
            "union(createArray(1, 2), createArray(2, 3))",
            json!([1, 2, 3]),
        ),
        (
            "union(createObject('a', 1, 'o', createObject('x', 1)), createObject('A', 2, 'o', createObject('y', 2)))",
            json!({"a": 2, "o": {"x": 1, "y": 2}}),
        ),
        ("toLower('AB')", json!("ab")),
        ("TOUPPER('ab')", json!("AB")),
        ("trim('  a ')", json!("a")),
        ("replace('a-b-c', '-', '')", json!("abc")),
        ("substring('née', 1)", json!("ée")),
        ("substring('née', 1, 1)", json!("é")),
        (
            "split('a,b;é', createArray(',', ';'))",
            json!(["a", "b", "é"]),
        ),
        ("split('a,b,', ',')", json!(["a", "b", ""])),
        ("join(createArray('a', 1), ', ')", json!("a, 1")),
        ("padLeft(7, 3, '0')", json!("007")),
        ("padLeft('abcd', 3)", json!("abcd")),
        ("max(1, 5, 3)", json!(5)),
        ("min(variables('list'))", json!(1)),
        ("add(5, 3)", json!(8)),
        ("sub(5, 8)", json!(-3)),
        ("mul(5, 3)", json!(15)),
        ("div(8, 3)", json!(2)),
        ("mod(8, 3)", json!(2)),
        ("less(1, 2)", json!(true)),
        ("lessOrEquals(2, 2)", json!(true)),
        ("greater('a', 'b')", json!(false)),
        ("greaterOrEquals(2, 3)", json!(false)),
        (
            "resourceId('Microsoft.Web/serverfarms', 'p')",
            json!(
                "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Web/serverfarms/p"
            ),
        ),
        (
            "resourceId('s', 'g', 'Microsoft.Web/sites/slots', 'a', 'b')",
            json!("/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/a/slots/b"),
        ),
        ("json('{\"a\": [1, null]}')", json!({"a": [1, null]})),
        ("json('0.5')", json!(0.5)),
        ("parameters('minimum')", json!(2)),
        ("parameters('Name')", json!("as-2")),
        ("parameters('optional')", json!(null)),
        ("variables('LIST')[1]", json!(2)),
        ("variables('object').one", json!(1)),
        ("variables('object')['DEEP'].item[0][add(1, 1)]", json!(3)),
        (
            "if(true(), variables('object'), 1).deep.item[0]",
            json!([1, 2, 3]),
        ),
        ("createObject('a', createArray(5)).a[0]", json!(5)),
    ] {
        assert_eq!(value(&format!("[{expression}]")), expected, "{expression}");
    }
}

#[test]
fn each_missing_value_has_a_reason() {
    for (expression, expected) in [
        (
            "uniqueString('a')",
            "uses the function uniqueString, which is not evaluated here",
        ),
        (
            "concat('a', resourceGroup().location)",
            "uses the function resourceGroup, which is not evaluated here",
        ),
        (
            "contoso.name(unknown())",
            "uses the function contoso.name, which is not evaluated here",
        ),
        (
            "parameters('needed')",
            "uses the parameter `needed`, which has no value; pass the parameter `needed` with --parameters FILE",
        ),
        (
            "parameters('exported')",
            "uses the parameter `exported`, which has no value; pass the parameter `exported` with --parameters FILE",
        ),
        (
            "parameters('other')",
            "uses the parameter `other`, which has no value; pass the parameter `other` with --parameters FILE",
        ),
        (
            "variables('other')",
            "uses the variable `other`, which is missing",
        ),
        (
            "variables('copied')",
            "uses the variable `copied`, which is created by a `copy` loop, and copy loops are not expanded here",
        ),
        (
            "variables('circle')",
            "uses `circle`, whose value refers to itself",
        ),
        (
            "variables('self').a",
            "uses `self`, whose value refers to itself",
        ),
        (
            "variables('object')",
            "uses the function reference, which is not evaluated here",
        ),
        (
            "variables('object').none",
            "uses the property `none`, which is missing",
        ),
        (
            "variables('list')[3]",
            "uses the index 3 in a list of 3 items",
        ),
        (
            "variables('list')[-1]",
            "uses the index -1, which is not a valid index",
        ),
        ("variables('list').a", "uses the property `a` of a list"),
        (
            "variables('list')[true()]",
            "uses true as a property's name or an index",
        ),
        (
            "parameters('minimum')[0]",
            "uses the index 0 in the number 2",
        ),
        (
            "parameters(1)",
            "names a parameter or variable by something other than a text",
        ),
        (
            "parameters()",
            "uses the function parameters with 0 arguments, which it does not accept",
        ),
        ("div(1, 0)", "uses the function div with 0 as the divisor"),
        (
            "mod(1, sub(1, 1))",
            "uses the function mod with 0 as the divisor",
        ),
        (
            "add(9223372036854775807, 1)",
            "uses the function add, and its result is too large for 64 bits",
        ),
        (
            "div(-9223372036854775808, -1)",
            "uses the function div, and its result is too large for 64 bits",
        ),
        (
            "add('1', 1)",
            "uses the function add with the text '1' instead of a whole number",
        ),
        (
            "add(1)",
            "uses the function add with 1 arguments of other types than it accepts",
        ),
        (
            "not('true')",
            "uses the function not with the text 'true' instead of true or false",
        ),
        (
            "if('true', 1, 2)",
            "uses the function if with the text 'true' instead of true or false",
        ),
        (
            "int('4.5')",
            "uses the function int with the text '4.5' instead of a whole number or the text of one",
        ),
        (
            "float('inf')",
            "uses the function float with the text 'inf' instead of a number or the text of one",
        ),
        (
            "bool('yes')",
            "uses the function bool with the text 'yes' instead of true or false, or the text or number of one",
        ),
        (
            "max(createArray())",
            "uses the function max with an empty list",
        ),
        (
            "empty(1)",
            "uses the function empty with the number 1 instead of a text, list or object",
        ),
        (
            "length(null())",
            "uses the function length with null instead of a text, list or object",
        ),
        (
            "concat(createArray(), 'a')",
            "uses the function concat with the text 'a' instead of a list, as the first argument is",
        ),
        (
            "concat('a', createArray())",
            "uses the function concat with a list instead of a text, as the first argument is",
        ),
        (
            "union(createArray(), createObject())",
            "uses the function union with an object instead of a list, as the first argument is",
        ),
        (
            "replace('a', '', 'b')",
            "uses the function replace with an empty text to be replaced",
        ),
        (
            "substring('abc', 2, 2)",
            "uses the function substring beyond the end of a text of 3 characters",
        ),
        (
            "substring('abc', -1)",
            "uses the function substring with the number -1 instead of a whole number from 0",
        ),
        (
            "format('{0:D3}', 1)",
            "uses the function format with a placeholder other than {0}, {1} and so on, which is not evaluated here",
        ),
        (
            "format('{', 1)",
            "uses the function format with a placeholder other than {0}, {1} and so on, which is not evaluated here",
        ),
        (
            "format('{1}', 1)",
            "uses the function format with {1}, for which no value is given",
        ),
        (
            "padLeft('a', 9223372036854775807)",
            "results in a text longer than 1 MiB",
        ),
        (
            "padLeft('a', 3, 'ab')",
            "uses the function padLeft with a filling that is not one character",
        ),
        (
            "json('{')",
            "uses the function json with a text: line 1, column 2: this is not JSON: ",
        ),
        (
            "resourceId('Microsoft.Web/serverfarms')",
            "uses the function resourceId with other arguments than a type",
        ),
        (
            "resourceId('p')",
            "uses the function resourceId with other arguments than a type",
        ),
        (
            "resourceId('a', 'b', 'c', 'd/e', 'f')",
            "uses the function resourceId with other arguments than a type",
        ),
    ] {
        let reason = reason(&format!("[{expression}]"));
        assert!(reason.starts_with(expected), "{expression}: {reason}");
    }
}

#[test]
fn a_syntax_error_is_reported_with_its_position() {
    for (expression, expected) in [
        ("[]", "at character 1, an expression is missing"),
        ("[concat('a']", "at character 11, `)` is missing"),
        (
            "[concat('a',)]",
            "at character 12, `)` does not start an expression",
        ),
        ("[concat]", "at character 7, `(` is missing"),
        ("['a]", "at character 3, the text has no closing `'`"),
        (
            "[true() false()]",
            "at character 8, `f` follows a complete expression",
        ),
        (
            "[parameters('a')-[parameters('b')]",
            "at character 16, `-` follows a complete expression",
        ),
        (
            "[99999999999999999999]",
            "at character 21, a whole number is missing or too large",
        ),
        (
            "[-]",
            "at character 2, a whole number is missing or too large",
        ),
        ("[true().]", "at character 8, a name is missing"),
        ("[true()[0]", "at character 9, `]` is missing"),
        (
            "[\"a\"]",
            "at character 1, `\"` does not start an expression",
        ),
    ] {
        let reason = reason(expression);
        let start = "is not a valid template expression: ";
        assert!(
            reason
                .strip_prefix(start)
                .is_some_and(|rest| rest.starts_with(expected)),
            "{expression}: {reason}"
        );
    }
}

#[test]
fn given_values_take_precedence_over_defaults_and_are_not_expressions() {
    let given = json!({"MINIMUM": 7, "needed": "[x]", "object": {"Key": [1]}});
    for (expression, expected) in [
        ("[parameters('minimum')]", json!(7)),
        ("[parameters('name')]", json!("as-7")),
        ("[parameters('needed')]", json!("[x]")),
        ("[parameters('object').key[0]]", json!(1)),
    ] {
        assert_eq!(evaluated(expression, &given), Ok(expected), "{expression}");
    }
}

#[test]
fn expressions_without_a_value_stay_and_are_listed_with_their_place() {
    let template = json!({"variables": {
        "profiles": [{"name": "p", "uri": "[reference('x').id]", "minimum": "[variables('minimum')]"}],
        "minimum": 3,
    }});
    let (given, work) = (Map::new(), Work::default());
    let scope = Scope::new(
        template.as_object().expect("it is an object"),
        &given,
        &work,
    );
    let copies = json!([{"name": "rules", "count": 2, "input": {"a": "[copyIndex('rules')]"}}]);
    let (resolved, unresolved) = scope.resolve(
        &json!({"profiles": "[if(true(), variables('profiles'), 1)]", "tag": "[uniqueString('a')]", "copy": copies}),
        "resources[0].properties",
    );
    assert_eq!(
        resolved,
        json!({
            "profiles": [{"name": "p", "uri": "[reference('x').id]", "minimum": 3}],
            "tag": "[uniqueString('a')]",
            "copy": copies,
        })
    );
    let listed = |path: &str, expression: &str, reason: &str| Unresolved {
        path: format!("resources[0].properties.{path}"),
        expression: expression.to_owned(),
        reason: reason.to_owned(),
    };
    assert_eq!(
        unresolved,
        [
            listed(
                "copy",
                "copy",
                "is created by a `copy` loop, and copy loops are not expanded here"
            ),
            listed(
                "profiles[0].uri",
                "[reference('x').id]",
                "uses the function reference, which is not evaluated here"
            ),
            listed(
                "tag",
                "[uniqueString('a')]",
                "uses the function uniqueString, which is not evaluated here"
            ),
        ]
    );
}
