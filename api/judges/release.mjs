// Reads a release's folder by programs that others wrote: DuckDB (its CSV and its Parquet), hyparquet, and the data packages of
// npm, which know the standard's version 1. Says of each table how many rows they found, and of everything that is not as it
// should be a line.
import { readFileSync } from "node:fs";
import { DuckDBInstance } from "@duckdb/node-api";
import { asyncBufferFromFile, parquetReadObjects, parquetMetadataAsync } from "hyparquet";
import datapackage from "datapackage";
import tableschema from "tableschema";

const dir = process.argv[2];
const descriptor = JSON.parse(readFileSync(`${dir}/datapackage.json`, "utf8"));
const report = { tables: {}, wrong: [] };
const wrong = (line) => report.wrong.push(line);
const sqlTypes = { string: "VARCHAR", integer: "BIGINT", number: "DOUBLE" };
const quoted = (text) => `'${text.replaceAll("'", "''")}'`;

const duck = await (await DuckDBInstance.create(":memory:")).connect();
const ask = async (sql) => (await duck.runAndReadAll(sql)).getRows();

async function byDuckDB(table, fields) {
  const columns = fields.map((f) => `${quoted(f.name)}: ${quoted(sqlTypes[f.type])}`).join(", ");
  const csv = `read_csv(${quoted(`${dir}/${table.name}.csv`)}, columns = {${columns}}, header = true, nullstr = '', delim = ',', quote = '"', escape = '"')`;
  const parquet = `read_parquet(${quoted(`${dir}/${table.name}.parquet`)})`;
  const found = await ask(`describe select * from ${parquet}`);
  const types = found.map(([name, type]) => `${name} ${type}`).join(", ");
  const wanted = fields.map((f) => `${f.name} ${sqlTypes[f.type]}`).join(", ");
  if (types !== wanted) wrong(`${table.name}.parquet: DuckDB reads the columns ${types}, and not ${wanted}`);
  // with their numbers, so that the rows stand in one order too
  await ask(`create or replace table c as select row_number() over () as row_no, * from ${csv}`);
  await ask(`create or replace table p as select row_number() over () as row_no, * from ${parquet}`);
  const [[rows]] = await ask("select count(*) from c");
  const [[others]] = await ask("select count(*) from ((select * from c except all select * from p) union all (select * from p except all select * from c))");
  if (others > 0n) wrong(`${table.name}: in DuckDB, ${others} rows of CSV and Parquet differ`);
  const key = table.schema.primaryKey;
  const [[twice]] = await ask(`select count(*) from (select ${key.join(", ")} from p group by all having count(*) > 1)`);
  if (twice > 0n) wrong(`${table.name}: ${twice} keys stand twice`);
  for (const k of key) {
    const [[empty]] = await ask(`select count(*) from p where ${k} is null`);
    if (empty > 0n) wrong(`${table.name}: ${empty} rows have no ${k}, which is of their key`);
  }
  for (const f of fields.filter((f) => f.constraints?.enum)) {
    const allowed = f.constraints.enum.map((v) => (typeof v === "number" ? v : quoted(v))).join(", ");
    const [[strange]] = await ask(`select count(*) from p where ${f.name} is not null and ${f.name} not in (${allowed})`);
    if (strange > 0n) wrong(`${table.name}.${f.name}: ${strange} values are not of its list`);
  }
  if (table.name !== "participants") {
    const [[orphans]] = await ask(`select count(*) from p where study_id not in (select study_id from read_parquet(${quoted(`${dir}/participants.parquet`)}))`);
    if (orphans > 0n) wrong(`${table.name}: ${orphans} rows are of nobody in participants`);
  }
  return Number(rows);
}

async function byHyparquet(table, fields) {
  const file = await asyncBufferFromFile(`${dir}/${table.name}.parquet`);
  const meta = await parquetMetadataAsync(file);
  const rows = Number(meta.num_rows) === 0 ? [] : await parquetReadObjects({ file });
  const cells = await ask("select * exclude (row_no) from c order by row_no");
  if (rows.length !== cells.length || rows.length !== Number(meta.num_rows)) wrong(`${table.name}.parquet: hyparquet reads ${rows.length} rows, and DuckDB ${cells.length} of the CSV`);
  let different = 0;
  rows.forEach((row, i) => fields.forEach((f, k) => {
    if ((row[f.name] ?? null) !== (cells[i]?.[k] ?? null)) different++;
  }));
  if (different) wrong(`${table.name}.parquet: hyparquet reads ${different} cells otherwise than DuckDB reads the CSV`);
  return rows.length;
}

for (const table of descriptor.resources) {
  const fields = table.schema.fields;
  report.tables[table.name] = { duckdb: await byDuckDB(table, fields), hyparquet: await byHyparquet(table, fields) };
}

// npm's packages: the descriptor loads, each table's schema is one, and each row is cast and checked against it.
const pack = await datapackage.Package.load(`${dir}/datapackage.json`, { basePath: dir });
if (!pack.valid) pack.errors.forEach((e) => wrong(`datapackage.json: ${e.message}`));
for (const resource of pack.resources) {
  if (!resource.valid) resource.errors.forEach((e) => wrong(`${resource.name}: ${e.message}`));
  if (!resource.tabular) wrong(`${resource.name}: npm's datapackage does not take it for a table`);
  const schema = await tableschema.Schema.load(resource.descriptor.schema);
  if (!schema.valid) schema.errors.forEach((e) => wrong(`${resource.name}: its schema: ${e.message}`));
  const table = await tableschema.Table.load(`${dir}/${resource.descriptor.path}`, { schema });
  let rows = 0;
  try {
    const stream = await table.iter({ stream: true, forceCast: true });
    for await (const row of stream) {
      if (row instanceof Error) wrong(`${resource.name}: ${row.message} ${(row.errors ?? []).map((e) => e.message).join("; ")}`);
      else rows++;
    }
  } catch (e) {
    wrong(`${resource.name}: ${e.message} ${(e.errors ?? []).map((x) => x.message).join("; ")}`);
  }
  report.tables[resource.name].tableschema = rows;
}
console.log(JSON.stringify({ ...report, wrong: report.wrong.slice(0, 30) }));
