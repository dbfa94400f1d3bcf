//! Method handles and call sites, of `invoke-custom` and `const-method-handle`.
//!
//! Spec: *Dalvik executable format*, "method_handle_item", "call_site_id_item", "call_site_item" (038
//! and later). The header does not name these tables; only the map does.

use crate::bytes::Gap;

use super::value::Values;
use super::{Dex, FORMAT, Item, Value, size};

/// `TYPE_CALL_SITE_ID_ITEM`
const CALL_SITES: u16 = 7;
/// `TYPE_METHOD_HANDLE_ITEM`
const HANDLES: u16 = 8;

/// `method_handle_item`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MethodHandle {
    /// 0 `static-put`, 1 `static-get`, 2 `instance-put`, 3 `instance-get`, 4 `invoke-static`,
    /// 5 `invoke-instance`, 6 `invoke-constructor`, 7 `invoke-direct`, 8 `invoke-interface`.
    pub kind: u16,
    /// Index of a field for kinds 0 to 3, of a method for the others.
    pub member: u32,
}

impl MethodHandle {
    /// The method that it calls; `None` where it reads or writes a field.
    pub fn method(&self) -> Option<u32> {
        (4..=8).contains(&self.kind).then_some(self.member)
    }

    /// The field that it reads or writes.
    pub fn field(&self) -> Option<u32> {
        (self.kind <= 3).then_some(self.member)
    }
}

/// `call_site_item`: who links the call, under which name and type, with which constants.
#[derive(Debug, Clone)]
pub struct CallSite<'a> {
    /// Index of the method handle of the bootstrap method, such as
    /// `StringConcatFactory.makeConcatWithConstants`.
    pub handle: u32,
    /// String: the name that it is asked for.
    pub name: u32,
    /// Prototype of the call.
    pub proto: u32,
    /// Further arguments of the bootstrap method, slots from 3 on: the recipe of a concatenation, its
    /// constants.
    pub arguments: Values<'a>,
}

impl<'a> Dex<'a> {
    /// Method handle `i`.
    pub fn method_handle(&self, i: u32) -> Option<MethodHandle> {
        let off = self.mapped(HANDLES, i, 8)?;
        let [a, b, _, _, e, f, _, _] = *self.file.get(off..)?.first_chunk::<8>()?;
        Some(MethodHandle {
            kind: u16::from_le_bytes([a, b]),
            member: u32::from(u16::from_le_bytes([e, f])),
        })
    }

    /// Call site `i`.
    pub fn call_site(&self, i: u32) -> Result<CallSite<'a>, Gap> {
        let off = self
            .mapped(CALL_SITES, i, 4)
            .and_then(|off| self.file.get(off..)?.first_chunk::<4>());
        let Some(off) = off.map(|off| u32::from_le_bytes(*off)) else {
            return Err(Gap::invalid(
                FORMAT,
                u64::from(self.header().map_off),
                "call_site_id",
                u64::from(i),
            ));
        };
        let mut arguments = Values::array(self, off)?;
        let mut next = || arguments.next().and_then(Result::ok).map(|item: Item| item.value);
        match (next(), next(), next()) {
            (
                Some(Value::MethodHandle(handle)),
                Some(Value::String(name)),
                Some(Value::MethodType(proto)),
            ) => Ok(CallSite {
                handle,
                name,
                proto,
                arguments,
            }),
            _ => Err(Gap::invalid(
                FORMAT,
                u64::from(off),
                "call_site_item",
                u64::from(i),
            )),
        }
    }

    /// Number of call sites.
    pub fn call_site_count(&self) -> u32 {
        self.map_item(CALL_SITES).map_or(0, |(len, _)| len)
    }

    /// Number of method handles.
    pub fn method_handle_count(&self) -> u32 {
        self.map_item(HANDLES).map_or(0, |(len, _)| len)
    }

    /// Bytes to item `i`, `width` bytes wide, of the table that the map lists as `kind`.
    fn mapped(&self, kind: u16, i: u32, width: usize) -> Option<usize> {
        let (len, off) = self.map_item(kind)?;
        (i < len).then(|| size(off).saturating_add(size(i).saturating_mul(width)))
    }

    /// Number and offset of the items of one kind.
    fn map_item(&self, kind: u16) -> Option<(u32, u32)> {
        super::map::entries(self)
            .ok()?
            .find(|entry| entry.kind == kind)
            .map(|entry| (entry.size, entry.off))
    }
}

#[cfg(test)]
mod tests {
    use super::super::build::{DexBuilder, Ref, Value as V};
    use super::super::{Dex, Op, Value};

    #[test]
    fn an_invoke_custom_leads_to_its_recipe() {
        let mut dex = DexBuilder::new();
        dex.version(b"038");
        let link = Ref::Method("LFactory;".into(), "concat".into(), "()V".into());
        let handle = dex.method_handle(4, link);
        let site = dex.call_site(
            handle,
            "make",
            "(I)Ljava/lang/String;",
            vec![V::string("id=\u{1}")],
        );
        dex.class("La;").method("f", "()V", 1, |m| {
            m.const_int(0, 1).invoke_custom(site, &[0]).return_void();
        });
        let bytes = dex.build();
        let dex = Dex::open(&bytes).dexes[0];
        assert_eq!((dex.call_site_count(), dex.method_handle_count()), (1, 1));
        let body = dex.bodies().next().unwrap().unwrap();
        let insn = body.code.insns().find(|i| i.op == Op::INVOKE_CUSTOM).unwrap();
        let site = dex.call_site(insn.index().unwrap()).unwrap();
        assert_eq!(dex.string(site.name), Some(&b"make"[..]));
        assert_eq!(dex.proto_text(site.proto), "(I)Ljava/lang/String;");
        let handle = dex.method_handle(site.handle).unwrap();
        assert_eq!(dex.method_text(handle.method().unwrap()), "LFactory;->concat()V");
        let items: Vec<_> = site.arguments.map(Result::unwrap).collect();
        let [item] = items[..] else { panic!("{items:?}") };
        assert_eq!(item.slot, 3);
        let Value::String(recipe) = item.value else {
            panic!("{item:?}")
        };
        assert_eq!(dex.string(recipe), Some(&b"id=\x01"[..]));
    }
}
