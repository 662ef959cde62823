//! Walks through Lua's values where they are; an event's values are many, and most of no interest.
#![expect(unsafe_code, reason = "speaks Lua's C interface")]

use std::{ptr, slice};

use mlua_sys::{
    LUA_TBOOLEAN, LUA_TNIL, LUA_TNUMBER, LUA_TSTRING, LUA_TTABLE, lua_Integer, lua_State, lua_checkstack,
    lua_isinteger, lua_next, lua_pop, lua_pushnil, lua_rawgeti, lua_rawlen, lua_toboolean, lua_tointegerx,
    lua_tolstring, lua_tonumberx, lua_type,
};
use weir::guest::Reason;

/// A Lua's stack, with the value on top that is looked at.
///
/// What is called here raises no error, runs no metamethod and allocates nothing in Lua but room on the stack. So Lua jumps
/// over no Rust code, and no value goes away while it is looked at. All of it is used by Lua's own libraries, or by what
/// turns events into tables: what isn't might be missing from a Vector.
pub(crate) struct Stack(*mut lua_State);

/// What the value on top of a stack is.
pub(crate) enum Kind<'s> {
    Nil,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    /// Text, or any bytes.
    Text(&'s [u8]),
    /// A table with elements, as Vector counts them: from 1 to one that is followed by none.
    Array,
    /// A table without an element.
    Object,
    /// What is neither in an event nor among options, such as a function.
    Other,
}

/// There is no room on the stack, so deep is what is looked at.
pub(crate) struct TooDeep;

impl From<TooDeep> for Reason {
    fn from(_: TooDeep) -> Self {
        Self::Malformed
    }
}

impl From<TooDeep> for String {
    fn from(_: TooDeep) -> Self {
        "Lua's stack is full; load the detector at the top of a script".to_owned()
    }
}

impl Stack {
    /// The stack of a function that Lua has called.
    ///
    /// # Safety
    /// There must be a value on it, and nothing else may use it while this exists.
    pub(crate) unsafe fn of(state: *mut lua_State) -> Self {
        Self(state)
    }

    /// For calls that aren't offered here.
    pub(crate) fn state(&mut self) -> *mut lua_State {
        self.0
    }

    /// The value on top.
    pub(crate) fn kind(&self) -> Kind<'_> {
        // SAFETY: each function is called on a value of the type that it is for. A text stays where it is while it stands on
        // the stack, from which only `&mut self` can take it.
        unsafe {
            match lua_type(self.0, -1) {
                LUA_TSTRING => Kind::Text(self.text(-1)),
                LUA_TBOOLEAN => Kind::Boolean(lua_toboolean(self.0, -1) != 0),
                LUA_TNUMBER if lua_isinteger(self.0, -1) != 0 => {
                    Kind::Integer(lua_tointegerx(self.0, -1, ptr::null_mut()))
                }
                LUA_TNUMBER => Kind::Float(lua_tonumberx(self.0, -1, ptr::null_mut())),
                LUA_TTABLE if lua_rawlen(self.0, -1) > 0 => Kind::Array,
                LUA_TTABLE => Kind::Object,
                LUA_TNIL => Kind::Nil,
                _ => Kind::Other,
            }
        }
    }

    /// Is a table on top?
    pub(crate) fn is_table(&self) -> bool {
        matches!(self.kind(), Kind::Array | Kind::Object)
    }

    /// Has `visit` look at each value in the table on top that has a text as its key; if no table is on top, at none.
    /// `visit` may use the stack, but leaves it as it was.
    pub(crate) fn members<E: From<TooDeep>>(
        &mut self,
        mut visit: impl FnMut(&mut Self, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        // SAFETY: there is room for a key and its value. Nothing here or in `visit` changes a table, so `lua_next` finds the
        // key that it gave, and the key's text stays where it is while it stands on the stack.
        unsafe {
            if lua_type(self.0, -1) != LUA_TTABLE {
                return Ok(());
            }
            self.make_room()?;
            lua_pushnil(self.0);
            while lua_next(self.0, -2) != 0 {
                if lua_type(self.0, -2) == LUA_TSTRING
                    && let Err(error) = visit(self, self.text(-2))
                {
                    lua_pop(self.0, 2);
                    return Err(error);
                }
                lua_pop(self.0, 1);
            }
        }
        Ok(())
    }

    /// Has `visit` look at each element of the table on top, and tells it its place from 0; if no table is on top, at none.
    /// `visit` may use the stack, but leaves it as it was.
    pub(crate) fn elements<E: From<TooDeep>>(
        &mut self,
        mut visit: impl FnMut(&mut Self, usize) -> Result<(), E>,
    ) -> Result<(), E> {
        // SAFETY: there is room for an element.
        unsafe {
            if lua_type(self.0, -1) != LUA_TTABLE {
                return Ok(());
            }
            self.make_room()?;
            for place in 0..lua_rawlen(self.0, -1) {
                lua_rawgeti(self.0, -1, place as lua_Integer + 1);
                let visited = visit(self, place);
                lua_pop(self.0, 1);
                visited?;
            }
        }
        Ok(())
    }

    fn make_room(&mut self) -> Result<(), TooDeep> {
        // SAFETY: tells a lack of room by its answer.
        let is_room = unsafe { lua_checkstack(self.0, 2) != 0 };
        if is_room { Ok(()) } else { Err(TooDeep) }
    }

    /// The text at `index`.
    ///
    /// # Safety
    /// There must be a text, and it must stay there for as long as the slice is used.
    unsafe fn text<'t>(&self, index: i32) -> &'t [u8] {
        let mut length = 0;
        // SAFETY: what is a text isn't converted to one, which would allocate.
        unsafe {
            let start = lua_tolstring(self.0, index, &raw mut length);
            slice::from_raw_parts(start.cast(), length)
        }
    }
}

impl Kind<'_> {
    /// What it is called in errors.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Nil => "nil",
            Self::Boolean(_) => "a boolean",
            Self::Integer(_) | Self::Float(_) => "a number",
            Self::Text(_) => "a text",
            Self::Array | Self::Object => "a table",
            Self::Other => "a function or the like",
        }
    }
}
