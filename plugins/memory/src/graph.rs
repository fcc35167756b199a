//! The graph: entities with observations, and relations between them.

use std::time::{SystemTime, UNIX_EPOCH};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toolkeep_sdk::Failure;

use crate::key;
use crate::shelf::Shelf;

/// Something that is remembered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Entity {
    /// The name of the entity
    pub name: String,
    /// The type of the entity
    pub entity_type: String,
    /// An array of observation contents associated with the entity
    pub observations: Vec<String>,
}

/// How two entities relate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Relation {
    /// The name of the entity where the relation starts
    pub from: String,
    /// The name of the entity where the relation ends
    pub to: String,
    /// The type of the relation
    pub relation_type: String,
}

/// Observations to add.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Contents {
    /// The name of the entity to add the observations to
    pub entity_name: String,
    /// An array of observation contents to add
    pub contents: Vec<String>,
}

/// Observations that were added.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct Addition {
    pub entity_name: String,
    pub added_observations: Vec<String>,
}

/// Observations to delete.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Deletion {
    /// The name of the entity containing the observations
    pub entity_name: String,
    /// An array of observations to delete
    pub observations: Vec<String>,
}

/// All of it, or a part.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Graph {
    pub entities: Vec<Entity>,
    pub relations: Vec<Relation>,
}

/// A value as it is kept. Lists are in the order in which things were made.
#[derive(Serialize, Deserialize)]
struct Kept<T> {
    /// Microseconds since 1970.
    at: u64,
    /// Its place among what was made at once.
    nth: usize,
    item: T,
}

impl<T: Serialize + for<'a> Deserialize<'a>> Kept<T> {
    fn new(nth: usize, item: T) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let at = since.map_or(0, |since| since.as_micros() as u64);
        Self { at, nth, item }
    }

    fn read(bytes: &[u8]) -> Result<Self, Failure> {
        serde_json::from_slice(bytes).map_err(|error| {
            Failure::failed(format!("what is kept is no part of a graph: {error}"))
        })
    }

    fn write(&self) -> Result<Vec<u8>, Failure> {
        Ok(serde_json::to_vec(self)?)
    }
}

/// All that is kept under a prefix, in the order in which it was made.
fn load<T: Serialize + for<'a> Deserialize<'a>>(
    shelf: &impl Shelf,
    prefix: &str,
) -> Result<Vec<T>, Failure> {
    let keys = shelf.keys(prefix)?;
    let mut all = Vec::with_capacity(keys.len());
    for (key, value) in shelf.read(&keys)? {
        let kept = Kept::<T>::read(&value)?;
        all.push(((kept.at, kept.nth, key), kept.item));
    }
    all.sort_by(|(one, _), (two, _)| one.cmp(two));
    Ok(all.into_iter().map(|(_, item)| item).collect())
}

/// Keeps what is not there yet; whether it was not.
fn create<T: Serialize + for<'a> Deserialize<'a>>(
    shelf: &impl Shelf,
    key: &str,
    kept: &Kept<T>,
) -> Result<bool, Failure> {
    let value = kept.write()?;
    let mut is_new = false;
    shelf.update(key, &mut |there| {
        is_new = there.is_none();
        is_new.then(|| value.clone())
    })?;
    Ok(is_new)
}

impl Graph {
    pub fn load(shelf: &impl Shelf) -> Result<Self, Failure> {
        Ok(Self {
            entities: load(shelf, key::ENTITIES)?,
            relations: load(shelf, key::RELATIONS)?,
        })
    }

    /// Entities that have the query in them, in whatever case, and all their relations.
    pub fn search(self, query: &str) -> Self {
        let query = query.to_lowercase();
        let has = |text: &String| text.to_lowercase().contains(&query);
        self.with(|entity| {
            has(&entity.name) || has(&entity.entity_type) || entity.observations.iter().any(has)
        })
    }

    /// The entities of these names, and all their relations.
    pub fn only(self, names: &[String]) -> Self {
        self.with(|entity| names.contains(&entity.name))
    }

    fn with(self, wanted: impl Fn(&Entity) -> bool) -> Self {
        let entities: Vec<Entity> = self.entities.into_iter().filter(wanted).collect();
        let has = |name: &String| entities.iter().any(|entity| entity.name == *name);
        let relations = self.relations.into_iter();
        Self {
            relations: relations
                .filter(|relation| has(&relation.from) || has(&relation.to))
                .collect(),
            entities,
        }
    }
}

pub fn create_entities(shelf: &impl Shelf, entities: Vec<Entity>) -> Result<Vec<Entity>, Failure> {
    let mut made = Vec::new();
    for (nth, entity) in entities.into_iter().enumerate() {
        let key = key::entity(&entity.name);
        let kept = Kept::new(nth, entity);
        if create(shelf, &key, &kept)? {
            made.push(kept.item);
        }
    }
    Ok(made)
}

pub fn create_relations(
    shelf: &impl Shelf,
    relations: Vec<Relation>,
) -> Result<Vec<Relation>, Failure> {
    let mut made = Vec::new();
    for (nth, relation) in relations.into_iter().enumerate() {
        let key = key::relation(&relation.from, &relation.relation_type, &relation.to);
        let kept = Kept::new(nth, relation);
        if create(shelf, &key, &kept)? {
            made.push(kept.item);
        }
    }
    Ok(made)
}

/// Nothing is added to any if one is not there.
pub fn add_observations(
    shelf: &impl Shelf,
    additions: Vec<Contents>,
) -> Result<Vec<Addition>, Failure> {
    for addition in &additions {
        let key = key::entity(&addition.entity_name);
        if shelf.read(&[key])?.is_empty() {
            return Err(missing(&addition.entity_name));
        }
    }
    let mut results = Vec::new();
    for addition in additions {
        let mut added = Vec::new();
        let there = change(shelf, &addition.entity_name, |entity| {
            let new = addition.contents.iter();
            added = new
                .filter(|content| !entity.observations.contains(content))
                .cloned()
                .collect();
            entity.observations.extend(added.iter().cloned());
            !added.is_empty()
        })?;
        if !there {
            return Err(missing(&addition.entity_name));
        }
        results.push(Addition {
            entity_name: addition.entity_name,
            added_observations: added,
        });
    }
    Ok(results)
}

fn missing(name: &str) -> Failure {
    Failure::failed(format!("Entity with name {name} not found"))
}

/// Changes an entity by `change`, which says whether it did; whether there is one.
fn change(
    shelf: &impl Shelf,
    name: &str,
    mut change: impl FnMut(&mut Entity) -> bool,
) -> Result<bool, Failure> {
    let mut there = false;
    let mut trouble = None;
    shelf.update(&key::entity(name), &mut |value| {
        there = value.is_some();
        let changed = Kept::<Entity>::read(&value?).and_then(|mut kept| {
            let changed = change(&mut kept.item);
            changed.then(|| kept.write()).transpose()
        });
        changed.unwrap_or_else(|failure| {
            trouble = Some(failure);
            None
        })
    })?;
    trouble.map_or(Ok(there), Err)
}

pub fn delete_entities(shelf: &impl Shelf, names: &[String]) -> Result<(), Failure> {
    let relations = load::<Relation>(shelf, key::RELATIONS)?;
    let of = |relation: &&Relation| names.contains(&relation.from) || names.contains(&relation.to);
    let relations = relations
        .iter()
        .filter(of)
        .map(|relation| key::relation(&relation.from, &relation.relation_type, &relation.to));
    let keys = names.iter().map(|name| key::entity(name));
    delete(shelf, keys.chain(relations).collect())
}

pub fn delete_observations(shelf: &impl Shelf, deletions: &[Deletion]) -> Result<(), Failure> {
    for deletion in deletions {
        change(shelf, &deletion.entity_name, |entity| {
            let before = entity.observations.len();
            let gone = |kept: &String| !deletion.observations.contains(kept);
            entity.observations.retain(gone);
            entity.observations.len() != before
        })?;
    }
    Ok(())
}

pub fn delete_relations(shelf: &impl Shelf, relations: &[Relation]) -> Result<(), Failure> {
    let keys = relations
        .iter()
        .map(|relation| key::relation(&relation.from, &relation.relation_type, &relation.to));
    delete(shelf, keys.collect())
}

/// Takes away those of the keys that have values, once each.
fn delete(shelf: &impl Shelf, mut keys: Vec<String>) -> Result<(), Failure> {
    keys.sort();
    keys.dedup();
    let there = shelf.read(&keys)?;
    let there: Vec<String> = there.into_iter().map(|(key, _)| key).collect();
    if there.is_empty() {
        return Ok(());
    }
    Ok(shelf.delete(&there)?)
}

#[cfg(test)]
mod tests;
