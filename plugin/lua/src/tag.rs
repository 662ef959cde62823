//! Puts into a log's tables what is to be added to them, spelt as Vector spells events in Lua.
#![expect(unsafe_code, reason = "speaks Lua's C interface")]

use std::ffi::c_int;

use mlua_sys::{
    LUA_TTABLE, lua_Integer, lua_State, lua_checkstack, lua_createtable, lua_pcall, lua_pop, lua_pushboolean,
    lua_pushcfunction, lua_pushinteger, lua_pushlightuserdata, lua_pushlstring, lua_pushnumber, lua_pushvalue,
    lua_rawget, lua_rawlen, lua_rawset, lua_rawseti, lua_remove, lua_settop, lua_touserdata, lua_type,
};
use serde_json::Value;
use weir_engine::tag::{Addition, Change};

use crate::stack::Stack;

/// Values that a tag needs on the stack at once, with room to spare: it is nested in fewer than ten tables, each with a key.
const ROOM: c_int = 40;

/// Makes the additions to the log on top. If Lua runs out of memory on the way, those that are left aren't made.
pub(crate) fn add(log: &mut Stack, additions: &[Addition]) {
    let state = log.state();
    let additions = &raw const additions;
    // SAFETY: a C function has room for 20 values, of which `process` and its walk to the log use few. An error that is raised
    // in the call ends there.
    unsafe {
        lua_pushcfunction(state, add_all);
        lua_pushvalue(state, -2);
        lua_pushlightuserdata(state, additions.cast_mut().cast());
        if lua_pcall(state, 2, 0, 0) != 0 {
            lua_pop(state, 1);
        }
    }
}

/// Called with the log and a pointer to the additions, which the caller owns: Lua may jump away from here.
unsafe extern "C-unwind" fn add_all(state: *mut lua_State) -> c_int {
    // SAFETY: the arguments are those that `add` gives, and there is room for what a tag holds.
    unsafe {
        let additions = *lua_touserdata(state, 2).cast::<&[Addition]>();
        if lua_checkstack(state, ROOM) == 0 {
            return 0;
        }
        for Addition { path, change } in additions {
            lua_settop(state, 1);
            lua_pushvalue(state, 1);
            match (change, path.split_last()) {
                (Change::Members(members), _) if walk(state, path) => {
                    members.iter().for_each(|(key, value)| set(state, key, value));
                }
                (Change::Elements(elements), _) if walk(state, path) => append(state, elements),
                (Change::Wrap(elements), Some((key, parents))) if walk(state, parents) => wrap(state, key, elements),
                // A log isn't an element; and what isn't a table can't be added to.
                _ => {}
            }
        }
    }
    0
}

/// Puts in the place of the table on top the one that `path` leads to from there; says whether it is one.
unsafe fn walk(state: *mut lua_State, path: &[String]) -> bool {
    // SAFETY: only tables are looked into.
    unsafe {
        for key in path {
            push_text(state, key);
            lua_rawget(state, -2);
            lua_remove(state, -2);
            if lua_type(state, -1) != LUA_TTABLE {
                return false;
            }
        }
    }
    true
}

/// Sets a member of the table on top.
unsafe fn set(state: *mut lua_State, key: &str, value: &Value) {
    // SAFETY: the table lies below its key and value.
    unsafe {
        push_text(state, key);
        push(state, value);
        lua_rawset(state, -3);
    }
}

/// Adds elements to the table on top.
unsafe fn append(state: *mut lua_State, elements: &[Value]) {
    // SAFETY: the table lies below the element.
    unsafe {
        let before = lua_rawlen(state, -1) as lua_Integer;
        for (place, element) in (before + 1..).zip(elements) {
            push(state, element);
            lua_rawseti(state, -2, place);
        }
    }
}

/// Makes of a member of the table on top an array of itself and of `elements`.
unsafe fn wrap(state: *mut lua_State, key: &str, elements: &[Value]) {
    // SAFETY: from the top down there are the member, the array, the key, the table.
    unsafe {
        push_text(state, key);
        lua_createtable(state, elements.len() as c_int + 1, 0);
        lua_pushvalue(state, -2);
        lua_rawget(state, -4);
        lua_rawseti(state, -2, 1);
        append(state, elements);
        lua_rawset(state, -3);
    }
}

unsafe fn push(state: *mut lua_State, value: &Value) {
    // SAFETY: the caller has room for what a tag holds.
    unsafe {
        match value {
            // As Vector does.
            Value::Null => push_text(state, ""),
            Value::Bool(boolean) => lua_pushboolean(state, (*boolean).into()),
            Value::Number(number) => match number.as_i64() {
                Some(integer) => lua_pushinteger(state, integer),
                None => lua_pushnumber(state, number.as_f64().unwrap_or_default()),
            },
            Value::String(text) => push_text(state, text),
            Value::Array(elements) => {
                lua_createtable(state, elements.len() as c_int, 0);
                append(state, elements);
            }
            Value::Object(members) => {
                lua_createtable(state, 0, members.len() as c_int);
                members.iter().for_each(|(key, value)| set(state, key, value));
            }
        }
    }
}

unsafe fn push_text(state: *mut lua_State, text: &str) {
    // SAFETY: the text is copied.
    unsafe {
        lua_pushlstring(state, text.as_ptr().cast(), text.len());
    }
}
