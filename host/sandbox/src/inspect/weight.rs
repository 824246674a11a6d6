//! How much the types of a component come to, before they are checked.
//!
//! A type of an instance is copied wherever it is imported, exported or instantiated, so a file of some kilobytes, with one large type that is
//! imported often in many components, could take gigabytes to check. What is counted here is what that comes to at most. Indices that lead
//! nowhere weigh nothing: the check refuses them.

use wasmparser::{
    ComponentAlias, ComponentDefinedType, ComponentExternalKind, ComponentInstance,
    ComponentOuterAliasKind, ComponentType, ComponentTypeDeclaration, ComponentTypeRef, Error,
    InstanceTypeDeclaration, Payload, TypeBounds,
};

/// What types have come to so far.
#[derive(Default)]
pub(super) struct Weight {
    /// Of all that was come across.
    pub(super) total: u64,
    /// The components and types that are open, the innermost last.
    scopes: Vec<Scope>,
}

/// What can be named by an index within a component, or within the type of one: the weight of each.
#[derive(Default)]
struct Scope {
    types: Vec<u64>,
    instances: Vec<u64>,
    components: Vec<u64>,
    /// Of what it imports and exports: what it weighs itself.
    face: u64,
    /// Whether it is a core module, in which nothing is counted.
    is_module: bool,
}

impl Weight {
    /// Counts what stands in `payload`.
    pub(super) fn add(&mut self, payload: &Payload<'_>) -> Result<(), Error> {
        match payload {
            // The component itself, then those in it, which tell their version too.
            Payload::Version { .. } if self.scopes.is_empty() => self.scopes.push(Scope::default()),
            Payload::ComponentSection { .. } => self.scopes.push(Scope::default()),
            Payload::ModuleSection { .. } => self.scopes.push(Scope {
                is_module: true,
                ..Scope::default()
            }),
            Payload::End(_) => {
                let ended = self.scopes.pop().unwrap_or_default();
                if let Some(outer) = self.scopes.last_mut()
                    && !ended.is_module
                {
                    outer.components.push(ended.face);
                }
            }
            Payload::ComponentTypeSection(types) => {
                for ty in types.clone() {
                    self.declare(&ty?);
                }
            }
            Payload::ComponentImportSection(imports) => {
                for import in imports.clone() {
                    self.named(import?.ty);
                }
            }
            Payload::ComponentExportSection(exports) => {
                for export in exports.clone() {
                    let export = export?;
                    self.exported(export.kind, export.index);
                }
            }
            Payload::ComponentInstanceSection(instances) => {
                for instance in instances.clone() {
                    self.instantiated(&instance?);
                }
            }
            Payload::ComponentAliasSection(aliases) => {
                for alias in aliases.clone() {
                    self.alias(&alias?);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn count(&mut self, weight: u64) {
        self.total = self.total.saturating_add(weight);
    }

    fn scope(&mut self) -> &mut Scope {
        if self.scopes.is_empty() {
            self.scopes.push(Scope::default());
        }
        let last = self.scopes.len() - 1;
        &mut self.scopes[last]
    }

    /// A type comes into being here.
    fn declare(&mut self, ty: &ComponentType<'_>) {
        let weight = self.of_type(ty);
        self.count(weight);
        self.scope().types.push(weight);
    }

    fn of_type(&mut self, ty: &ComponentType<'_>) -> u64 {
        match ty {
            ComponentType::Defined(defined) => of_defined(defined),
            ComponentType::Func(function) => 1 + function.params.len() as u64,
            ComponentType::Resource { .. } => 1,
            ComponentType::Component(declarations) => {
                self.scopes.push(Scope::default());
                for declaration in declarations {
                    match declaration {
                        ComponentTypeDeclaration::CoreType(_) => self.scope().face += 1,
                        ComponentTypeDeclaration::Type(ty) => self.declare_within(ty),
                        ComponentTypeDeclaration::Alias(alias) => self.alias(alias),
                        ComponentTypeDeclaration::Export { ty, .. } => self.named(*ty),
                        ComponentTypeDeclaration::Import(import) => self.named(import.ty),
                    }
                }
                self.close()
            }
            ComponentType::Instance(declarations) => {
                self.scopes.push(Scope::default());
                for declaration in declarations {
                    match declaration {
                        InstanceTypeDeclaration::CoreType(_) => self.scope().face += 1,
                        InstanceTypeDeclaration::Type(ty) => self.declare_within(ty),
                        InstanceTypeDeclaration::Alias(alias) => self.alias(alias),
                        InstanceTypeDeclaration::Export { ty, .. } => self.named(*ty),
                    }
                }
                self.close()
            }
        }
    }

    /// A type within a type is copied with it.
    fn declare_within(&mut self, ty: &ComponentType<'_>) {
        self.declare(ty);
        let scope = self.scope();
        let weight = scope.types.last().copied().unwrap_or_default();
        scope.face = scope.face.saturating_add(weight);
    }

    fn close(&mut self) -> u64 {
        1 + self.scopes.pop().unwrap_or_default().face
    }

    /// Something is imported, or exported from a type, by its type.
    fn named(&mut self, ty: ComponentTypeRef) {
        let of = |scope: &Scope, index: u32| scope.types.get(index as usize).copied();
        let scope = self.scope();
        let weight = match ty {
            ComponentTypeRef::Instance(index) => {
                let weight = of(scope, index).unwrap_or_default();
                scope.instances.push(weight);
                weight
            }
            ComponentTypeRef::Component(index) => {
                let weight = of(scope, index).unwrap_or_default();
                scope.components.push(weight);
                weight
            }
            ComponentTypeRef::Type(bounds) => {
                let weight = match bounds {
                    TypeBounds::Eq(index) => of(scope, index).unwrap_or_default(),
                    TypeBounds::SubResource => 1,
                };
                scope.types.push(weight);
                1
            }
            ComponentTypeRef::Module(_)
            | ComponentTypeRef::Func(_)
            | ComponentTypeRef::Value(_) => 1,
        };
        self.face(weight.max(1));
    }

    /// Something of the component is exported, and is a new one by that.
    fn exported(&mut self, kind: ComponentExternalKind, index: u32) {
        let weight = self.of_kind(kind, index);
        let scope = self.scope();
        match kind {
            ComponentExternalKind::Type => scope.types.push(weight),
            ComponentExternalKind::Instance => scope.instances.push(weight),
            ComponentExternalKind::Component => scope.components.push(weight),
            ComponentExternalKind::Module
            | ComponentExternalKind::Func
            | ComponentExternalKind::Value => {}
        }
        self.face(weight.max(1));
    }

    fn face(&mut self, weight: u64) {
        self.count(weight);
        let scope = self.scope();
        scope.face = scope.face.saturating_add(weight);
    }

    fn instantiated(&mut self, instance: &ComponentInstance<'_>) {
        let weight = match instance {
            ComponentInstance::Instantiate {
                component_index,
                args,
            } => {
                let weight = self.of_kind(ComponentExternalKind::Component, *component_index);
                // What it wants is compared with what it is given, and what it exports is copied.
                self.count(weight.saturating_mul(2).saturating_add(args.len() as u64));
                weight
            }
            ComponentInstance::FromExports(exports) => {
                self.count(1 + exports.len() as u64);
                let weights = exports
                    .iter()
                    .map(|export| self.of_kind(export.kind, export.index).max(1));
                weights.fold(1, u64::saturating_add)
            }
        };
        self.scope().instances.push(weight);
    }

    fn alias(&mut self, alias: &ComponentAlias<'_>) {
        self.count(1);
        match alias {
            // What it is called is not looked up: it weighs no more than the whole.
            ComponentAlias::InstanceExport {
                kind,
                instance_index,
                ..
            } => {
                let whole = self.of_kind(ComponentExternalKind::Instance, *instance_index);
                let scope = self.scope();
                match kind {
                    ComponentExternalKind::Type => scope.types.push(whole),
                    ComponentExternalKind::Instance => scope.instances.push(whole),
                    ComponentExternalKind::Component => scope.components.push(whole),
                    ComponentExternalKind::Module
                    | ComponentExternalKind::Func
                    | ComponentExternalKind::Value => {}
                }
            }
            ComponentAlias::Outer { kind, count, index } => {
                let depth = self.scopes.len().checked_sub(1 + *count as usize);
                let outer = depth.and_then(|depth| self.scopes.get(depth));
                let of = |all: &[u64]| all.get(*index as usize).copied().unwrap_or_default();
                match kind {
                    ComponentOuterAliasKind::Type => {
                        let weight = outer.map_or(0, |outer| of(&outer.types));
                        self.scope().types.push(weight);
                    }
                    ComponentOuterAliasKind::Component => {
                        let weight = outer.map_or(0, |outer| of(&outer.components));
                        self.scope().components.push(weight);
                    }
                    ComponentOuterAliasKind::CoreModule | ComponentOuterAliasKind::CoreType => {}
                }
            }
            ComponentAlias::CoreInstanceExport { .. } => {}
        }
    }

    fn of_kind(&self, kind: ComponentExternalKind, index: u32) -> u64 {
        let Some(scope) = self.scopes.last() else {
            return 0;
        };
        let all = match kind {
            ComponentExternalKind::Type => &scope.types,
            ComponentExternalKind::Instance => &scope.instances,
            ComponentExternalKind::Component => &scope.components,
            ComponentExternalKind::Module
            | ComponentExternalKind::Func
            | ComponentExternalKind::Value => return 1,
        };
        all.get(index as usize).copied().unwrap_or_default()
    }
}

fn of_defined(ty: &ComponentDefinedType<'_>) -> u64 {
    let parts = match ty {
        ComponentDefinedType::Record(fields) => fields.len(),
        ComponentDefinedType::Variant(cases) => cases.len(),
        ComponentDefinedType::Tuple(types) => types.len(),
        ComponentDefinedType::Flags(names) | ComponentDefinedType::Enum(names) => names.len(),
        _ => 0,
    };
    1 + parts as u64
}
