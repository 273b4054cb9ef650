/** The people of the demo. */
export const PIPELINE = { name: 'Pia Pipeline', email: 'pia.pipeline@retailer.example' };
export const OWNER = { name: 'Olga Owner', email: 'olga.owner@retailer.example', team: 'Demand Forecasting' };
export const FIRST_APPROVER = { id: 'fred', name: 'Fred First', email: 'fred.first@retailer.example' };
export const APPROVER = { id: 'ana', name: 'Ana Approver', email: 'ana.approver@retailer.example' };
export const OPERATOR = { name: 'Otto Operator', email: 'otto.operator@retailer.example' };
export const DOWNSTREAM = { team: 'Replenishment', email: 'replenishment@retailer.example' };

export const MODEL = 'demand';
