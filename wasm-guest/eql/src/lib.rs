//! Reads Elastic's rule TOML and compiles its EQL to the program that `weir-engine` runs; reads no files itself.
//!
//! The modules in the order in which a rule meets them: `rule_file` reads the TOML, if `file_kind` takes it for a rule's,
//! with `rule_table`, `module_text`, `rule_meta`, `prose` and `rule_threat`, which asks `attack`, and `toml_text` remembers
//! where the query stands in it; `lexer` and `parser` turn the query into the tree of `ast`, each with a second half,
//! `literal` and `operand`; `lower` turns that into a `clause` or a `refusal`, with `value` for what is calculated, by a
//! `function` or not, and with `regex` and `language` for regular expressions; `lint` doubts what is right, and asks
//! `schema` about fields; a `mapping`, read from its `mapping_file`, adds what a source calls the fields otherwise;
//! `compile` shares predicates between rules. An `exception_file` goes the same way, but has conditions in the place of
//! queries. For people, a `tree` shows what each part of a condition says of an event, and `reason` why; `coverage` says
//! what a rule's test cases leave untested, by way of `mutants`. What goes wrong in a query is a `fault`, and a
//! `diagnostic` once the file is known; `suggest` guesses what was meant.
#![forbid(unsafe_code)]

mod attack;
mod exception_file;
mod file_kind;
mod module_text;
mod prose;
mod rule_file;
mod rule_meta;
mod rule_table;
mod rule_threat;
mod toml_text;

mod lexer;
mod literal;

mod ast;
mod operand;
mod parser;

mod clause;
mod function;
mod language;
mod lower;
mod refusal;
mod regex;
mod value;

mod lint;
mod mapping;
mod mapping_file;
mod schema;

mod compile;

mod coverage;
mod mutants;
mod reason;
mod tree;

mod diagnostic;
mod fault;
mod suggest;

pub use compile::{compile, compile_mapped};
pub use coverage::{Coverage, Survivor, Untested};
pub use diagnostic::{Color, Diagnostic};
pub use exception_file::ExceptionFile;
pub use mapping::Mapping;
pub use prose::Prose;
pub use reason::Nearest;
pub use rule_file::RuleFile;
pub use rule_threat::ATTACK;
pub use tree::{Kind, Node, Place, Tree, verdicts};
