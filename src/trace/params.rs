//! Questions about a body's parameters, and about what it is to its callers.

use super::BodyTrace;
use crate::domain::{BufId, Origin};
use crate::ir::{Body, BodyKind, Default, Local, Module, ParamKind};

/// Has the function a parameter by which its caller says whether its arguments may be written?
pub fn lets_callers_choose(module: &Module, body: &Body) -> bool {
    body.params.iter().any(|param| {
        let name = module.names.text(param.name);
        matches!(name, "copy" | "inplace" | "in_place" | "out" | "overwrite" | "return_copy")
            || name.starts_with("overwrite_")
            || name.starts_with("copy_")
    })
}

/// Is it the name of a parameter by which a caller says whether the result may lie in what is passed? Then the value
/// with which it may.
pub fn chooses_to_share(name: &str) -> Option<bool> {
    match name {
        "copy" | "return_copy" | "deep" => Some(false),
        "inplace" | "in_place" | "overwrite" => Some(true),
        _ if name.starts_with("copy_") => Some(false),
        _ if name.starts_with("overwrite_") => Some(true),
        _ => None,
    }
}

impl BodyTrace<'_> {
    /// The parameters whose default is an array: the name, its memory on entry, the default's expression.
    pub fn array_defaults(&self) -> impl Iterator<Item = (Local, BufId, crate::source::Span)> {
        self.body.params.iter().filter_map(|param| {
            let Some(Default::Other(span)) = param.default else { return None };
            let buf = self.buffers.find(Origin::Param(self.id, param.local))?;
            self.buffers.get(buf).default_array.then_some((param.local, buf, span))
        })
    }

    /// Is the body a function, whose names go when it returns?
    pub fn is_function(&self) -> bool {
        self.body.kind == BodyKind::Function
    }

    /// Is it a `def` with parameters?
    pub fn takes_arguments(&self) -> bool {
        self.body.kind == BodyKind::Function && !self.body.params.is_empty()
    }

    /// The `self` of a method.
    pub fn receiver(&self) -> Option<Local> {
        let method = self.body.class.is_some() && self.body.kind == BodyKind::Function;
        self.body.params.first().filter(|_| method).map(|param| param.local)
    }

    /// The parameter in whose memory, or in an attribute of whose value, the buffer lies; not `self`, nor `**kwargs`.
    pub fn argument(&self, buf: BufId) -> Option<Local> {
        let origin = match self.buffers.get(buf).origin {
            Origin::Attr(object, _) => self.buffers.get(object).origin,
            origin => origin,
        };
        let Origin::Param(body, local) = origin else { return None };
        let param = self.body.params.iter().find(|param| param.local == local)?;
        let own = body == self.id && Some(local) != self.receiver() && param.kind != ParamKind::VarKwargs;
        own.then_some(local)
    }

    /// May the parameter be left out, and is it `None` then?
    pub fn defaults_to_none(&self, local: Local) -> bool {
        self.body.params.iter().any(|param| param.local == local && param.default == Some(Default::None))
    }

    /// Is the parameter's default value made by an expression, once and for all calls?
    pub fn defaults_to_object(&self, local: Local) -> bool {
        self.body.params.iter().any(|param| param.local == local && matches!(param.default, Some(Default::Other(_))))
    }

    /// Where the parameter stands in the signature.
    pub fn parameter_span(&self, local: Local) -> Option<crate::source::Span> {
        self.body.params.iter().find(|param| param.local == local).map(|param| param.span)
    }

    /// Is it a test, which tries things out on data of its own, sharing of memory among them?
    pub fn is_test(&self) -> bool {
        self.module.names.text(self.body.name).starts_with("test")
    }

    /// Is it part of a test module, be it a test or a helper of one?
    pub fn in_test_module(&self) -> bool {
        let module = self.module;
        let is_tool = |name: &str| matches!(name, "pytest" | "unittest") || name.starts_with("assert_");
        let is_test = |body: &Body| {
            let in_class = body.class.map_or("Test", |class| module.names.text(module.classes[class.index()].name));
            module.names.text(body.name).starts_with("test") && in_class.contains("Test")
        };
        module.names.iter().any(is_tool) && module.bodies.iter().any(is_test)
    }

    /// Is the function for the file's own use (`_name`, or defined inside another), so that its callers know what it does?
    pub fn is_private(&self) -> bool {
        let hidden = |name: &str| name.starts_with('_') && !name.ends_with("__");
        let nested = self.body.parent.is_some_and(|parent| {
            matches!(self.module.bodies[parent.index()].kind, BodyKind::Function | BodyKind::Lambda)
        });
        nested || self.body.qualname.split('.').any(hidden)
    }
}
