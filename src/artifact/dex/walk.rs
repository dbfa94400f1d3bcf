//! Walks over all of a dex that stay linear in its size, whatever it says.
//!
//! Items of a dex are found by offsets, so a hostile file can let ten thousand classes share one huge
//! list of methods, and each of these one huge method. In a sound file no byte is read much more than
//! once. A walk therefore has a budget of bytes and ends with a gap when it is spent.

use crate::bytes::Gap;

use super::{ClassDef, Code, Dex, FORMAT, Method, Methods, wide};

/// Ours: how often a walk may read each byte of the file on average. Build tools let methods with the
/// same body share it, and classes the same annotations; eight times the file is more than any sound
/// file needs.
const SHARE: u64 = 8;
/// Ours: what a walk may read of even the smallest file.
const FLOOR: u64 = 1 << 16;

/// What a walk may still read, in bytes.
#[derive(Debug, Clone)]
pub struct Meter {
    left: u64,
    limit: u64,
}

impl Meter {
    /// The budget for one walk over `dex`.
    pub fn new(dex: &Dex<'_>) -> Self {
        let limit = wide(dex.data().len()).saturating_mul(SHARE).saturating_add(FLOOR);
        Self { left: limit, limit }
    }

    /// Charges `bytes` for the item at `at`, before it is read.
    #[inline]
    pub fn charge(&mut self, at: u32, bytes: usize) -> Result<(), Gap> {
        match self.left.checked_sub(wide(bytes)) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(self.spent(at)),
        }
    }

    #[cold]
    fn spent(&self, at: u32) -> Gap {
        let got = self.limit.saturating_add(1);
        Gap::over(
            FORMAT,
            u64::from(at),
            "items that share bytes",
            got,
            self.limit,
            "",
        )
    }
}

/// A method with its code.
#[derive(Debug, Clone, Copy)]
pub struct Body<'a> {
    /// The class that defines it.
    pub class: ClassDef,
    /// The method.
    pub method: Method,
    /// Its code.
    pub code: Code<'a>,
}

/// Iterator over all methods that have code: see [`Dex::bodies`].
#[derive(Debug, Clone)]
pub struct Bodies<'a> {
    dex: Dex<'a>,
    next: u32,
    current: Option<(ClassDef, Methods<'a>)>,
    /// A body that is kept back while its gap is told.
    held: Option<Body<'a>>,
    meter: Meter,
}

impl<'a> Dex<'a> {
    /// All methods that have code, class by class in the order of the file. What cannot be read is a
    /// gap, and the walk goes on behind it. Bounded: see [`Meter`].
    pub fn bodies(&self) -> Bodies<'a> {
        Bodies {
            dex: *self,
            next: 0,
            current: None,
            held: None,
            meter: Meter::new(self),
        }
    }
}

impl<'a> Bodies<'a> {
    fn end(&mut self, gap: Gap) -> Gap {
        self.next = u32::MAX;
        self.current = None;
        self.held = None;
        gap
    }

    /// Opens the next class; `None` at the end.
    fn open(&mut self) -> Option<Result<(), Gap>> {
        let class = self.dex.class(self.next)?;
        self.next = self.next.saturating_add(1);
        Some(match self.dex.members(&class) {
            Ok(members) => {
                let methods = members.methods();
                let skipped = members.skipped(&methods);
                self.current = Some((class, methods));
                self.meter
                    .charge(class.class_data_off, skipped)
                    .map_err(|gap| self.end(gap))
            }
            Err(gap) => Err(gap),
        })
    }

    fn body(&mut self, class: ClassDef, method: Method) -> Result<Body<'a>, Gap> {
        let code = self.dex.code(method.code_off)?;
        let bytes = code.insns.len().saturating_add(16);
        self.meter
            .charge(method.code_off, bytes)
            .map_err(|gap| self.end(gap))?;
        let body = Body { class, method, code };
        if code.ins > code.registers {
            self.held = Some(body);
            return Err(Gap::invalid(
                FORMAT,
                u64::from(code.off).saturating_add(2),
                "ins_size",
                u64::from(code.ins),
            ));
        }
        if code.insns.is_empty() {
            let at = u64::from(code.off).saturating_add(12);
            return Err(Gap::invalid(FORMAT, at, "insns_size", 0));
        }
        Ok(body)
    }
}

impl<'a> Iterator for Bodies<'a> {
    type Item = Result<Body<'a>, Gap>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(body) = self.held.take() {
            return Some(Ok(body));
        }
        loop {
            let Some((class, methods)) = &mut self.current else {
                match self.open()? {
                    Ok(()) => continue,
                    Err(gap) => return Some(Err(gap)),
                }
            };
            let class = *class;
            let method = match methods.next() {
                Some(Ok(method)) => method,
                Some(Err(gap)) => return Some(Err(gap)),
                None => {
                    self.current = None;
                    continue;
                }
            };
            // A method takes three bytes at least.
            if let Err(gap) = self.meter.charge(class.class_data_off, 3) {
                return Some(Err(self.end(gap)));
            }
            if method.code_off != 0 {
                return Some(self.body(class, method));
            }
        }
    }
}

impl std::iter::FusedIterator for Bodies<'_> {}
