//! Components that no compiler would make.

use serde_json::Value;
use toolkeep::pack::component::{Component, SECTION, embed};
use toolkeep::rules::tool::Description;
use wasm_encoder as we;
use wasm_encoder::Encode as _;

/// A component that imports an instance of this name, and does nothing.
pub fn importing(name: &str) -> Vec<u8> {
    let mut component = we::Component::new();
    let mut types = we::ComponentTypeSection::new();
    types.instance(&we::InstanceType::new());
    component.section(&types);
    let mut imports = we::ComponentImportSection::new();
    imports.import(name, we::ComponentTypeRef::Instance(0));
    component.section(&imports);
    component.finish()
}

/// The component `whole` with `module` in it, which is instantiated `times` times before anything of it
/// is called.
pub fn with_module(whole: &[u8], module: &we::Module, times: u32) -> Vec<u8> {
    let mut out = whole.to_vec();
    append(&mut out, &we::ModuleSection(module));
    let mut instances = we::InstanceSection::new();
    for _ in 0..times {
        // The compiler's components have one module in a section.
        let none: [(&str, we::ModuleArg); 0] = [];
        instances.instantiate(count(whole, MODULE), none);
    }
    append(&mut out, &instances);
    out
}

/// The plugin `whole` with one tool in its description, the one that is called `tool` or else the first
/// one by that name. `change` may change the rest.
pub fn described(whole: &[u8], tool: &str, change: impl Fn(&mut Description)) -> Vec<u8> {
    let mut description = Component::read(whole).unwrap().description().unwrap();
    let tools = &mut description.tools;
    let at = tools
        .iter()
        .position(|known| known.name.to_string() == tool);
    tools.swap(0, at.unwrap_or(0));
    tools.truncate(1);
    tools[0].name = tool.parse().unwrap();
    change(&mut description);
    embed(&undescribed(whole), &description).unwrap()
}

/// The plugin `whole` with its description changed as JSON, into what it must not be too.
pub fn redescribed(whole: &[u8], change: impl Fn(&mut Value)) -> Vec<u8> {
    let description = Component::read(whole).unwrap().description().unwrap();
    let mut description = serde_json::to_value(description).unwrap();
    change(&mut description);
    let mut out = undescribed(whole);
    let section = we::CustomSection {
        name: SECTION.into(),
        data: description.to_string().into_bytes().into(),
    };
    append(&mut out, &section);
    out
}

fn undescribed(whole: &[u8]) -> Vec<u8> {
    let mut out = whole[..8].to_vec();
    for (id, body) in sections(whole) {
        // A name is the first thing in a section of no meaning.
        if !(id == CUSTOM && number(body).1.starts_with(SECTION.as_bytes())) {
            out.push(id);
            body.encode(&mut out);
        }
    }
    out
}

/// A module with so many memories of so many pages each.
pub fn memories(number: u32, pages: u64) -> we::Module {
    let mut section = we::MemorySection::new();
    for _ in 0..number {
        section.memory(we::MemoryType {
            minimum: pages,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
    }
    let mut module = we::Module::new();
    module.section(&section);
    module
}

/// A module with so many tables of so many elements each.
pub fn tables(number: u32, elements: u64) -> we::Module {
    let mut section = we::TableSection::new();
    for _ in 0..number {
        section.table(we::TableType {
            element_type: we::RefType::FUNCREF,
            minimum: elements,
            maximum: None,
            table64: false,
            shared: false,
        });
    }
    let mut module = we::Module::new();
    module.section(&section);
    module
}

/// A module that never comes to its end when it is instantiated.
pub fn spinning() -> we::Module {
    let mut types = we::TypeSection::new();
    types.ty().function([], []);
    let mut functions = we::FunctionSection::new();
    functions.function(0);
    let mut body = we::Function::new([]);
    let mut code = body.instructions();
    code.loop_(we::BlockType::Empty).br(0).end().end();
    let mut codes = we::CodeSection::new();
    codes.function(&body);
    let mut module = we::Module::new();
    module
        .section(&types)
        .section(&functions)
        .section(&we::StartSection { function_index: 0 })
        .section(&codes);
    module
}

const CUSTOM: u8 = 0;
const MODULE: u8 = 1;

fn append(out: &mut Vec<u8>, section: &impl we::ComponentSection) {
    out.push(section.id());
    section.encode(out);
}

/// How many outer sections of this kind there are.
fn count(component: &[u8], kind: u8) -> u32 {
    let of_kind = sections(component).filter(|(id, _)| *id == kind);
    u32::try_from(of_kind.count()).unwrap()
}

/// The outer sections: their kinds and what is in them.
fn sections(component: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = &component[8..];
    std::iter::from_fn(move || {
        let (id, after) = rest.split_first()?;
        let (size, after) = number(after);
        let (body, after) = after.split_at(size as usize);
        rest = after;
        Some((*id, body))
    })
}

/// A LEB128 number, and what follows it.
fn number(mut bytes: &[u8]) -> (u32, &[u8]) {
    let (mut number, mut shift) = (0, 0);
    loop {
        let (byte, rest) = bytes.split_first().unwrap();
        number |= u32::from(byte & 0x7f) << shift;
        bytes = rest;
        if byte & 0x80 == 0 {
            return (number, bytes);
        }
        shift += 7;
    }
}
