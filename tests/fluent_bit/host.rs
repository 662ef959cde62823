//! Fluent Bit's side of its `wasm` filter, step by step as its `src/wasm/flb_wasm.c` and its runtime's `module_malloc` take
//! them (version 5); knows nothing of Weir.

/// What runs WebAssembly in the place of Fluent Bit's own runtime.
pub trait Runtime {
    /// Calls an exported function; an error is a trap.
    fn call(&mut self, function: &str, arguments: &[i32]) -> Result<Option<i32>, String>;
    /// How many bytes the memory has.
    fn memory_len(&self) -> usize;
    /// Writes into the memory, where there is room.
    fn write(&mut self, at: usize, bytes: &[u8]);
    /// The bytes from `at` to the next NUL, if there is one.
    fn c_string(&self, at: usize) -> Option<Vec<u8>>;
}

/// A filter that was configured, with its one instance.
pub struct Host<R: ?Sized = dyn Runtime> {
    pub runtime: Box<R>,
}

/// Why a record is lost, as the log would say it.
#[derive(Debug, PartialEq, Eq)]
pub enum Dropped {
    Trap(String),
    InvalidPointer(usize),
    Empty,
}

impl<R: Runtime + ?Sized> Host<R> {
    /// Passes a record through the filter, as `event_format json` does.
    pub fn filter(&mut self, record: &[u8]) -> Result<Vec<u8>, Dropped> {
        // Fluent Bit's records are C strings: nothing behind a NUL would reach the filter.
        assert!(!record.contains(&0));
        let tag = self.duplicate(b"ecs.process");
        let copy = self.duplicate(record);
        let (seconds, nanoseconds) = (1_790_000_000, 150_000_000);
        let arguments = [tag as i32, 11, seconds, nanoseconds, copy as i32, record.len() as i32];
        let answer = self.call(&arguments);
        [tag, copy].into_iter().filter(|block| *block != 0).for_each(|block| self.free(block));
        answer
    }

    /// Calls the filter with arguments of any kind.
    pub fn call(&mut self, arguments: &[i32; 6]) -> Result<Vec<u8>, Dropped> {
        let answer = self.runtime.call("weir_filter", arguments).map_err(Dropped::Trap)?;
        let at = answer.expect("the function has a result") as u32 as usize;
        match self.runtime.c_string(at) {
            None => Err(Dropped::InvalidPointer(at)),
            Some(answer) if answer.is_empty() => Err(Dropped::Empty),
            Some(answer) => Ok(answer),
        }
    }

    /// `wasm_runtime_module_dup_data`, with the NUL at the end; 0 if there is no room.
    pub fn duplicate(&mut self, text: &[u8]) -> u32 {
        let size = text.len() + 1;
        let block = self.runtime.call("malloc", &[size as i32]).expect("malloc doesn't trap");
        let block = block.expect("malloc has a result") as u32;
        if block != 0 {
            assert!(block as usize + size <= self.runtime.memory_len(), "malloc gave what isn't there");
            self.runtime.write(block as usize, text);
            self.runtime.write(block as usize + text.len(), &[0]);
        }
        block
    }

    /// `wasm_runtime_module_free`.
    pub fn free(&mut self, block: u32) {
        self.runtime.call("free", &[block as i32]).expect("free doesn't trap");
    }
}
