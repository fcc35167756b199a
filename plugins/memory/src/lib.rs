//! A memory, for a model: a drop-in for the reference MCP server `@modelcontextprotocol/server-memory`,
//! with its tool names, arguments and results. Each entity and each relation is a value by key, so that
//! adding, changing and deleting can be granted apart, and so can single entities, by patterns.

mod answer;
mod graph;
mod key;
mod shelf;

use toolkeep_sdk::{Failure, tool, tools};

use answer::{Added, Answer, Created, Done, Related};
use graph::{Contents, Deletion, Entity, Graph, Relation};

tools![
    create_entities,
    create_relations,
    add_observations,
    delete_entities,
    delete_observations,
    delete_relations,
    read_graph,
    search_nodes,
    open_nodes,
];

/// Create multiple new entities in the knowledge graph. Those whose name is taken stay as they are.
#[tool(non_destructive, title = "Create Entities")]
fn create_entities(
    /// The entities.
    entities: Vec<Entity>,
) -> Result<Answer<Created>, Failure> {
    let made = graph::create_entities(&shelf::open()?, entities)?;
    Answer::of(&made.clone(), Created { entities: made })
}

/// Create multiple new relations between entities in the knowledge graph. Relations should be in active
/// voice. Those that are there stay as they are.
#[tool(non_destructive, title = "Create Relations")]
fn create_relations(
    /// The relations.
    relations: Vec<Relation>,
) -> Result<Answer<Related>, Failure> {
    let made = graph::create_relations(&shelf::open()?, relations)?;
    Answer::of(&made.clone(), Related { relations: made })
}

/// Add new observations to existing entities in the knowledge graph. Those that an entity has are not
/// added again.
#[tool(title = "Add Observations")]
fn add_observations(
    /// What to add to which entity.
    observations: Vec<Contents>,
) -> Result<Answer<Added>, Failure> {
    let results = graph::add_observations(&shelf::open()?, observations)?;
    Answer::of(&results.clone(), Added { results })
}

/// Delete multiple entities and their associated relations from the knowledge graph.
#[tool(destructive, idempotent, title = "Delete Entities")]
fn delete_entities(
    /// An array of entity names to delete.
    #[serde(rename = "entityNames")]
    entity_names: Vec<String>,
) -> Result<Answer<Done>, Failure> {
    graph::delete_entities(&shelf::open()?, &entity_names)?;
    Ok(Answer::done("Entities deleted successfully"))
}

/// Delete specific observations from entities in the knowledge graph.
#[tool(destructive, idempotent, title = "Delete Observations")]
fn delete_observations(
    /// What to delete of which entity.
    deletions: Vec<Deletion>,
) -> Result<Answer<Done>, Failure> {
    graph::delete_observations(&shelf::open()?, &deletions)?;
    Ok(Answer::done("Observations deleted successfully"))
}

/// Delete multiple relations from the knowledge graph.
#[tool(destructive, idempotent, title = "Delete Relations")]
fn delete_relations(
    /// An array of relations to delete.
    relations: Vec<Relation>,
) -> Result<Answer<Done>, Failure> {
    graph::delete_relations(&shelf::open()?, &relations)?;
    Ok(Answer::done("Relations deleted successfully"))
}

/// Read the entire knowledge graph.
#[tool(read_only, idempotent, title = "Read Graph")]
fn read_graph() -> Result<Answer<Graph>, Failure> {
    let graph = Graph::load(&shelf::open()?)?;
    Answer::of(&graph.clone(), graph)
}

/// Search for nodes in the knowledge graph based on a query.
#[tool(read_only, idempotent, title = "Search Nodes")]
fn search_nodes(
    /// The search query to match against entity names, types, and observation content.
    query: String,
) -> Result<Answer<Graph>, Failure> {
    let graph = Graph::load(&shelf::open()?)?.search(&query);
    Answer::of(&graph.clone(), graph)
}

/// Open specific nodes in the knowledge graph by their names.
#[tool(read_only, idempotent, title = "Open Nodes")]
fn open_nodes(
    /// An array of entity names to retrieve.
    names: Vec<String>,
) -> Result<Answer<Graph>, Failure> {
    let graph = Graph::load(&shelf::open()?)?.only(&names);
    Answer::of(&graph.clone(), graph)
}
