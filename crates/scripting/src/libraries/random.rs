//! `math.random`: the same numbers from the same seed, wherever a script runs.

use std::rc::Rc;

use mlua::{Lua, MultiValue, Result, Table};

use super::Arguments;
use crate::error;
use crate::vm::Shared;

/// The generator of POSIX' `lrand48`: a linear congruence of 48 bits.
#[derive(Clone, Debug, Default)]
pub(crate) struct Random(u64);

/// Numbers are below this.
const BOUND: u32 = 1 << 31;

impl Random {
    pub fn from_seed(seed: i32) -> Random {
        Random(u64::from(seed as u32) << 16 | 0x330e)
    }

    /// The next number below [`BOUND`].
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(0x5_deec_e66d).wrapping_add(11) & ((1 << 48) - 1);
        (self.0 >> 17) as u32
    }
}

/// Puts `random` and `randomseed` into `table`.
pub(crate) fn register(lua: &Lua, shared: &Rc<Shared>, table: &Table) -> Result<()> {
    let own = Rc::clone(shared);
    let random = move |lua: &Lua, values: MultiValue| {
        let drawn = f64::from(own.random.borrow_mut().next()) / f64::from(BOUND - 1);
        let arguments = Arguments::new(lua, "random", values);
        let (low, high, last) = match arguments.len() {
            0 => return Ok(drawn.min(1.0 - f64::EPSILON)),
            1 => (1, arguments.integer(1)?, 1),
            2 => (arguments.integer(1)?, arguments.integer(2)?, 2),
            _ => return Err(error::text(lua, "wrong number of arguments")),
        };
        if low > high {
            return Err(arguments.error(last, "interval is empty"));
        }
        let width = high as f64 - low as f64 + 1.0;
        Ok(((drawn * width).floor() + low as f64).min(high as f64))
    };
    table.set("random", lua.create_function(random)?)?;
    let own = Rc::clone(shared);
    let seed = move |lua: &Lua, values: MultiValue| {
        let seed = Arguments::new(lua, "randomseed", values).integer(1)?;
        *own.random.borrow_mut() = Random::from_seed(seed as i32);
        Ok(())
    };
    table.set("randomseed", lua.create_function(seed)?)
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn the_numbers_are_those_of_lrand48() {
        let mut random = Random::from_seed(0);
        assert_eq!([random.next(), random.next(), random.next()], [366_850_414, 1_610_402_240, 206_956_554]);
    }
}
