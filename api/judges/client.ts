// A program as a partner would write it, in TypeScript, with types made from the document: who am I, record a person,
// read them back.
import createClient from "openapi-fetch";
import type { paths } from "./generated/schema.js";

declare const process: { env: { WAYPOST_URL: string; WAYPOST_KEY: string } };

const client = createClient<paths>({
  baseUrl: process.env.WAYPOST_URL,
  headers: { Authorization: `Bearer ${process.env.WAYPOST_KEY}` },
});

const me = await client.GET("/v1/me");
if (me.error) throw new Error(me.error.detail);

const recorded = await client.POST("/v1/patients", {
  body: { given_name: "Ada", family_name: "Typed", birth_date: "1950-04-01", phone: null },
});
if (recorded.error) throw new Error(recorded.error.detail);

const read = await client.GET("/v1/patients/{id}", { params: { path: { id: recorded.data.id } } });
if (read.error) throw new Error(read.error.detail);

console.log(`${me.data.role} recorded ${read.data.given_name} ${read.data.family_name}`);
