//! Interpreters from crates.io, in the place of Fluent Bit's own.

use std::collections::HashMap;
use std::ffi::CStr;

use tinywasm::ExecProgress;
use tinywasm::types::WasmValue;
use wasmi::Val;

use crate::host::{Host, Runtime};

/// A host of the filter with each of them, by its name.
pub fn hosts(module: &[u8]) -> [(&'static str, Host); 2] {
    let wasmi = Wasmi::new(module).unwrap_or_else(|error| panic!("wasmi can't load the filter: {error}"));
    let tinywasm = Tinywasm::new(module).unwrap_or_else(|error| panic!("tinywasm can't load the filter: {error}"));
    [("wasmi", Host { runtime: Box::new(wasmi) }), ("tinywasm", Host { runtime: Box::new(tinywasm) })]
}

/// A register machine, quick for an interpreter.
pub struct Wasmi {
    store: wasmi::Store<()>,
    memory: wasmi::Memory,
    /// With how many results each has.
    functions: HashMap<String, (wasmi::Func, usize)>,
}

impl Wasmi {
    pub fn new(module: &[u8]) -> Result<Self, wasmi::Error> {
        let mut config = wasmi::Config::default();
        // Fluent Bit's runtime has neither.
        config.wasm_simd(false).wasm_tail_call(false);
        let engine = wasmi::Engine::new(&config);
        let mut store = wasmi::Store::new(&engine, ());
        let module = wasmi::Module::new(&engine, module)?;
        let instance = wasmi::Linker::new(&engine).instantiate_and_start(&mut store, &module)?;
        let memory = instance.get_memory(&store, "memory").expect("a filter has a memory");
        let functions = instance.exports(&store).filter_map(|export| {
            let name = export.name().to_owned();
            let function = export.into_func()?;
            Some((name, (function, function.ty(&store).results().len())))
        });
        let functions = functions.collect();
        Ok(Self { store, memory, functions })
    }
}

impl Runtime for Wasmi {
    fn call(&mut self, function: &str, arguments: &[i32]) -> Result<Option<i32>, String> {
        let (function, results) = self.functions[function];
        let (mut values, mut result) = ([const { Val::I32(0) }; 6], [Val::I32(0)]);
        values.iter_mut().zip(arguments).for_each(|(value, argument)| *value = Val::I32(*argument));
        let (values, results) = (&values[..arguments.len()], &mut result[..results]);
        function.call(&mut self.store, values, results).map_err(|error| error.to_string())?;
        Ok(results.first().and_then(Val::i32))
    }

    fn memory_len(&self) -> usize {
        self.memory.data_size(&self.store)
    }

    fn write(&mut self, at: usize, bytes: &[u8]) {
        self.memory.data_mut(&mut self.store)[at..][..bytes.len()].copy_from_slice(bytes);
    }

    fn c_string(&self, at: usize) -> Option<Vec<u8>> {
        let rest = self.memory.data(&self.store).get(at..)?;
        CStr::from_bytes_until_nul(rest).ok().map(|text| text.to_bytes().to_vec())
    }
}

/// A stack machine that is written to be small.
pub struct Tinywasm {
    store: tinywasm::Store,
    instance: tinywasm::ModuleInstance,
    memory: tinywasm::Memory,
    /// How many were executed, by whole steps.
    pub instructions: u64,
}

/// It looks at its fuel whenever it has executed so many instructions.
const STEP: u64 = 128;

impl Tinywasm {
    pub fn new(module: &[u8]) -> tinywasm::Result<Self> {
        let module = tinywasm::parse_bytes(module)?;
        let mut store = tinywasm::Store::default();
        let instance = tinywasm::ModuleInstance::instantiate(&mut store, &module, None)?;
        let memory = instance.memory("memory")?;
        Ok(Self { store, instance, memory, instructions: 0 })
    }

    fn run(&mut self, function: &str, arguments: &[i32]) -> tinywasm::Result<Vec<WasmValue>> {
        let arguments: Vec<_> = arguments.iter().copied().map(WasmValue::I32).collect();
        let function = self.instance.func_untyped(&self.store, function)?;
        let mut execution = function.call_resumable(&mut self.store, &arguments)?;
        loop {
            match execution.resume_with_fuel(1)? {
                ExecProgress::Completed(results) => return Ok(results),
                ExecProgress::Suspended => self.instructions += STEP,
            }
        }
    }
}

impl Runtime for Tinywasm {
    fn call(&mut self, function: &str, arguments: &[i32]) -> Result<Option<i32>, String> {
        let results = self.run(function, arguments).map_err(|error| error.to_string())?;
        Ok(match results.first() {
            Some(WasmValue::I32(value)) => Some(*value),
            _ => None,
        })
    }

    fn memory_len(&self) -> usize {
        self.memory.len(&self.store).expect("it has a memory")
    }

    fn write(&mut self, at: usize, bytes: &[u8]) {
        self.memory.copy_from_slice(&mut self.store, at, bytes).expect("there is room");
    }

    fn c_string(&self, at: usize) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        loop {
            let from = at + text.len();
            let len = self.memory_len().checked_sub(from)?.min(1 << 12);
            let piece = self.memory.read_vec(&self.store, from, len).ok().filter(|piece| !piece.is_empty())?;
            let end = piece.iter().position(|byte| *byte == 0);
            text.extend_from_slice(&piece[..end.unwrap_or(len)]);
            if end.is_some() {
                return Some(text);
            }
        }
    }
}
