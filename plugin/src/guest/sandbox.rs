//! The sandbox that every instance of a detector lives in: compiler, memory pool and bounds.

use std::path::Path;

use wasmtime::{
    Cache, CacheConfig, Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Result,
};

use super::Limits;

/// Stack of a call. The calling thread must have more: running out of it would end the process, not the call.
const STACK_BYTES: usize = 512 << 10;
/// Core modules and tables that one component may be made of: its own, and the shims that a component needs.
const PARTS: u32 = 4;
/// Memory of a slot that is wiped rather than given back to the kernel between batches: a batch's page faults would cost
/// more than judging it does.
const KEPT_BYTES: usize = 4 << 20;

/// Makes the sandbox.
pub(super) fn new(limits: &Limits, cache: Option<&Path>) -> Result<Engine> {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .max_wasm_stack(STACK_BYTES)
        // A report of a trap names the trap: the frames of a module without names would tell nothing.
        .wasm_backtrace_max_frames(None)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool(limits)))
        .cache(cache.map(open_cache).transpose()?);
    Engine::new(&config)
}

fn pool(limits: &Limits) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(limits.workers)
        .total_core_instances(limits.workers * PARTS)
        .total_tables(limits.workers * PARTS)
        .total_memories(limits.workers)
        .max_core_instances_per_component(PARTS)
        .max_tables_per_component(PARTS)
        // The bound is one for each memory, so there may be just one.
        .max_memories_per_component(1)
        .max_memory_size(limits.memory_bytes)
        .linear_memory_keep_resident(KEPT_BYTES)
        // Tables are small: wiping one costs less than a system call.
        .table_keep_resident(KEPT_BYTES)
        .pagemap_scan(Enabled::Auto);
    pool
}

fn open_cache(directory: &Path) -> Result<Cache> {
    let mut config = CacheConfig::new();
    config.with_directory(std::path::absolute(directory)?);
    Cache::new(config)
}
