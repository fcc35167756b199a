use std::cell::RefCell;
use std::collections::BTreeMap;

use toolkeep_sdk::kv;

use super::*;

#[derive(Default)]
struct Memory(RefCell<BTreeMap<String, Vec<u8>>>);

impl Shelf for Memory {
    fn keys(&self, prefix: &str) -> Result<Vec<String>, kv::Error> {
        let kept = self.0.borrow();
        Ok(kept
            .keys()
            .filter(|key| key.starts_with(prefix))
            .cloned()
            .collect())
    }

    fn read(&self, keys: &[String]) -> Result<Vec<(String, Vec<u8>)>, kv::Error> {
        let kept = self.0.borrow();
        let found = keys
            .iter()
            .filter_map(|key| Some((key.clone(), kept.get(key)?.clone())));
        Ok(found.collect())
    }

    fn update(
        &self,
        key: &str,
        change: &mut dyn FnMut(Option<Vec<u8>>) -> Option<Vec<u8>>,
    ) -> Result<(), kv::Error> {
        let mut kept = self.0.borrow_mut();
        if let Some(value) = change(kept.get(key).cloned()) {
            kept.insert(key.to_owned(), value);
        }
        Ok(())
    }

    fn delete(&self, keys: &[String]) -> Result<(), kv::Error> {
        let mut kept = self.0.borrow_mut();
        keys.iter().for_each(|key| {
            kept.remove(key);
        });
        Ok(())
    }
}

fn entity(name: &str, observations: &[&str]) -> Entity {
    Entity {
        name: name.to_owned(),
        entity_type: "person".to_owned(),
        observations: observations.iter().map(|text| (*text).to_owned()).collect(),
    }
}

fn relation(from: &str, to: &str) -> Relation {
    Relation {
        from: from.to_owned(),
        to: to.to_owned(),
        relation_type: "knows".to_owned(),
    }
}

fn names(graph: &Graph) -> Vec<&str> {
    graph
        .entities
        .iter()
        .map(|entity| entity.name.as_str())
        .collect()
}

fn graph() -> Memory {
    let shelf = Memory::default();
    let entities = vec![
        entity("Zoe", &["sings"]),
        entity("Ada", &[]),
        entity("Bob", &["Runs"]),
    ];
    assert_eq!(create_entities(&shelf, entities.clone()).unwrap(), entities);
    let relations = vec![relation("Zoe", "Ada"), relation("Ada", "Bob")];
    assert_eq!(
        create_relations(&shelf, relations.clone()).unwrap(),
        relations
    );
    shelf
}

#[test]
fn what_is_there_stays_as_it_is() {
    let shelf = graph();
    let again = vec![
        entity("Ada", &["new"]),
        entity("Eve", &[]),
        entity("Eve", &["twice"]),
    ];
    assert_eq!(
        create_entities(&shelf, again).unwrap(),
        [entity("Eve", &[])]
    );
    assert!(
        create_relations(&shelf, vec![relation("Zoe", "Ada")])
            .unwrap()
            .is_empty()
    );
    let graph = Graph::load(&shelf).unwrap();
    assert_eq!(names(&graph), ["Zoe", "Ada", "Bob", "Eve"]);
    assert!(graph.entities[1].observations.is_empty());
}

#[test]
fn observations_come_and_go() {
    let shelf = graph();
    let add = |name: &str, contents: &[&str]| Contents {
        entity_name: name.to_owned(),
        contents: contents.iter().map(|text| (*text).to_owned()).collect(),
    };
    let done = add_observations(&shelf, vec![add("Zoe", &["sings", "swims"])]).unwrap();
    assert_eq!(done[0].added_observations, ["swims"]);
    let error = add_observations(&shelf, vec![add("Ada", &["x"]), add("Nobody", &[])]);
    assert_eq!(
        error,
        Err(Failure::failed("Entity with name Nobody not found"))
    );
    let gone = Deletion {
        entity_name: "Zoe".to_owned(),
        observations: vec!["sings".to_owned(), "x".to_owned()],
    };
    let nobody = Deletion {
        entity_name: "Nobody".to_owned(),
        observations: Vec::new(),
    };
    delete_observations(&shelf, &[gone, nobody]).unwrap();
    let graph = Graph::load(&shelf).unwrap();
    assert_eq!(graph.entities[0].observations, ["swims"]);
    assert!(graph.entities[1].observations.is_empty());
}

#[test]
fn an_entity_takes_its_relations_along() {
    let shelf = graph();
    delete_entities(&shelf, &["Ada".to_owned(), "Nobody".to_owned()]).unwrap();
    let graph = Graph::load(&shelf).unwrap();
    assert_eq!(
        (names(&graph), graph.relations.len()),
        (vec!["Zoe", "Bob"], 0)
    );
}

#[test]
fn relations_are_deleted_as_a_whole() {
    let shelf = graph();
    let other = Relation {
        relation_type: "likes".to_owned(),
        ..relation("Ada", "Bob")
    };
    delete_relations(
        &shelf,
        &[relation("Zoe", "Ada"), relation("Zoe", "Ada"), other],
    )
    .unwrap();
    assert_eq!(
        Graph::load(&shelf).unwrap().relations,
        [relation("Ada", "Bob")]
    );
}

#[test]
fn a_part_has_all_relations_of_what_is_in_it() {
    let shelf = graph();
    let found = Graph::load(&shelf).unwrap().search("RUNS");
    assert_eq!((names(&found), found.relations.len()), (vec!["Bob"], 1));
    let opened = Graph::load(&shelf)
        .unwrap()
        .only(&["Ada".to_owned(), "x".to_owned()]);
    assert_eq!((names(&opened), opened.relations.len()), (vec!["Ada"], 2));
    assert_eq!(
        Graph::load(&shelf).unwrap().search("nothing"),
        Graph::default()
    );
}
