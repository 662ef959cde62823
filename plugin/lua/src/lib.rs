//! The detector as a Lua module, `weir.so`, for Vector's `lua` transform: `require("weir").load{...}` gives an object
//! whose `process` tags an event.
//!
//! The modules in the order in which they are met: `options` are what a detector is loaded with; then, for each event,
//! `read` picks out of its tables what the rules read, `judge` asks the detector, and `tag` adds to the tables. `stack` is
//! the way to all of Lua's values.
//!
//! Lua raises an error by a jump out of the function that runs. So wherever one could be raised, here and in `tag`, there
//! is nothing of Rust's to drop; and no panic leaves what Lua calls.
#![expect(unsafe_code, reason = "speaks Lua's C interface")]

mod judge;
mod options;
mod read;
mod stack;
mod tag;

use std::ffi::c_int;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use mlua_sys::{
    lua_State, lua_concat, lua_createtable, lua_error, lua_newuserdatauv, lua_pushcclosure, lua_pushcfunction,
    lua_pushlstring, lua_pushvalue, lua_setfield, lua_setmetatable, lua_settop, lua_touserdata, lua_upvalueindex,
    luaL_where,
};

use self::judge::Judge;
use self::stack::Stack;

/// What `load` came to.
type Loaded = Result<Judge, String>;

/// Answers `require("weir")` with a table that holds `load`.
///
/// # Safety
/// Lua calls it.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn luaopen_weir(state: *mut lua_State) -> c_int {
    // SAFETY: Lua gives a stack with room for 20 values.
    unsafe {
        lua_createtable(state, 0, 1);
        lua_pushcfunction(state, load);
        lua_setfield(state, -2, c"load".as_ptr());
    }
    1
}

/// `load(options)`: a table that holds `process`, or an error in text, for a Vector shows errors of other kinds as addresses.
unsafe extern "C-unwind" fn load(state: *mut lua_State) -> c_int {
    // SAFETY: as above. The userdata has room for a pointer. It owns the detector as soon as there is one, or the error's
    // text, so that Lua may jump away from here.
    unsafe {
        lua_settop(state, 1);
        let owner = lua_newuserdatauv(state, size_of::<*mut Loaded>(), 0).cast::<*mut Loaded>();
        owner.write(ptr::null_mut());
        lua_createtable(state, 0, 1);
        lua_pushcfunction(state, unload);
        lua_setfield(state, -2, c"__gc".as_ptr());
        lua_setmetatable(state, -2);
        lua_pushvalue(state, 1);
        owner.write(Box::into_raw(Box::new(load_by(&mut Stack::of(state)))));
        if let Err(message) = &**owner {
            luaL_where(state, 1);
            lua_pushlstring(state, message.as_ptr().cast(), message.len());
            lua_concat(state, 2);
            lua_error(state);
        }
        lua_createtable(state, 0, 1);
        lua_pushvalue(state, 2);
        lua_pushcclosure(state, process, 1);
        lua_setfield(state, -2, c"process".as_ptr());
    }
    1
}

/// Loads a detector by the options on top.
fn load_by(stack: &mut Stack) -> Loaded {
    let load = || Judge::load(&options::read(stack)?).map_err(|error| options::report(&error));
    let loaded = catch_unwind(AssertUnwindSafe(load));
    loaded
        .unwrap_or_else(|_| Err("could not load, for a fault of its own; what it printed tells more".into()))
        .map_err(|message| format!("weir: {message}"))
}

/// Drops what a collected userdata owns.
unsafe extern "C-unwind" fn unload(state: *mut lua_State) -> c_int {
    // SAFETY: the first argument is a userdata that `load` made; only Lua's collector has this function, and calls it once.
    unsafe {
        let owned = *lua_touserdata(state, 1).cast::<*mut Loaded>();
        if !owned.is_null() {
            drop(Box::from_raw(owned));
        }
    }
    0
}

/// `detector:process(event)`, or `detector.process(event)`. Raises no error: Vector would drop the event.
unsafe extern "C-unwind" fn process(state: *mut lua_State) -> c_int {
    // SAFETY: the upvalue is a userdata that `load` filled, and it lives as long as this closure.
    unsafe {
        let loaded = lua_touserdata(state, lua_upvalueindex(1)).cast::<*mut Loaded>();
        // The event is the last argument, of one or two.
        let arguments = if mlua_sys::lua_type(state, 2) > mlua_sys::LUA_TNIL { 2 } else { 1 };
        lua_settop(state, arguments);
        if let Ok(judge) = &**loaded {
            // After a panic, which would be a fault of Weir, and be told on stderr, the event goes on as it is.
            let _ = catch_unwind(AssertUnwindSafe(|| judge.process(&mut Stack::of(state))));
        }
    }
    0
}
